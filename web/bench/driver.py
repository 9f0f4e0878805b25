"""The viewers' process from outside: start it, ask it, and what the server's process used meanwhile.

Called by `fanout.py` and `holding.py`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from web.bench.servers import ROOT, Started, Unavailable, pin

COME_SECONDS = 300.0


@asynccontextmanager
async def load(server: Started, viewers: int, *, deflate: bool = False) -> AsyncIterator[Callable[[str], Any]]:
    """The viewers in a process of their own. Ask it "" once for its first line, then one line for one line."""
    offer = ["deflate"] if deflate else []
    command = [sys.executable, "-m", "web.bench.load", str(server.port), str(viewers), server.tokens, *offer]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, preexec_fn=pin(1)
    )
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise RuntimeError("no pipes to the viewers")

    async def ask(line: str) -> dict[str, Any]:
        if line:
            stdin.write(line.encode() + b"\n")
        answer = await asyncio.wait_for(stdout.readline(), COME_SECONDS)
        if not answer:
            raise Unavailable("the viewers ended early; see what they said above")
        found: dict[str, Any] = msgspec.json.decode(answer)
        return found

    try:
        yield ask
    finally:
        if process.returncode is None:
            stdin.close()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


def processor_ns(pid: int) -> int:
    """Nanoseconds on a processor, of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def resident(pid: int) -> int:
    """Bytes in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
