"""What we rely on inside python-socketio, python-engineio and aiohttp is still as it was read."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from streamhub.live.socketio_hooks import RELIED_ON

READ = json.loads(Path(__file__).with_name("contracts.json").read_text())
LOCK = (Path(__file__).parents[2] / "requirements.lock").read_text()


def name_of(part: Any) -> str:
    return f"{part.__module__}.{part.__qualname__}"


def fingerprint(part: Any) -> str:
    return hashlib.blake2s(inspect.getsource(part).encode(), digest_size=8).hexdigest()


@pytest.mark.parametrize("part", RELIED_ON, ids=name_of)
def test_a_private_part_is_as_it_was_read(part: Any) -> None:
    package = part.__module__.split(".")[0]
    assert fingerprint(part) == READ["parts"].get(name_of(part)), (
        f"{name_of(part)} changed with {package}: read it again, see whether streamhub/live/socketio_hooks.py still "
        f"holds, run tests/protocol, then write {fingerprint(part)} into tests/protocol/contracts.json"
    )


@pytest.mark.parametrize("package", sorted(READ["versions"]))
def test_the_version_that_was_read_is_pinned_and_installed(package: str) -> None:
    wanted = READ["versions"][package]
    assert version(package) == wanted, f"{package} {version(package)} is installed; what was read is {wanted}"
    assert re.search(rf"^{package}=={re.escape(wanted)}$", LOCK, re.MULTILINE), f"pin {package}=={wanted}"


def test_nothing_is_listed_that_is_not_relied_on() -> None:
    assert set(READ["parts"]) == {name_of(part) for part in RELIED_ON}
