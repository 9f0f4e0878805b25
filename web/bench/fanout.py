"""Measure the fan-out: processor time per delivered comment, memory per idle viewer, latency, losses.

Called by `streamhub bench fanout`. One server at a time on the first core, the viewers on the second, rounds
interleaved, medians over them. On machines that others use too, trust the ratios within one run.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from web.bench.servers import ROOT, SERVERS, Options, Started, Unavailable, pin

SETTLE_SECONDS = 1.5
WARM_SECONDS = 1.5
COME_SECONDS = 300.0


class Measured(msgspec.Struct, kw_only=True):
    """One server in one round, or the medians of several. Latencies are from the viewer's sending to receiving."""

    us_per_delivery: float
    rss_per_viewer_bytes: float
    p50_ms: float
    p99_ms: float
    delivered: int
    expected: int
    refused: int = 0
    frames: int = 0
    connected_per_second: float = 0
    processor_share: float = 0
    rounds: int = 1


async def measure(
    names: Sequence[str], options: Options, rounds: int, say: Callable[[str], None]
) -> dict[str, Measured]:
    """Server name -> medians; servers that cannot run here are named to `say` and left out."""
    found: dict[str, list[Measured]] = {}
    missing: set[str] = set()
    for number in range(rounds):
        for name in names:
            if name in missing:
                continue
            say(f"round {number + 1} of {rounds}: {name}")
            try:
                found.setdefault(name, []).append(await _measure(name, options))
            except Unavailable as error:
                say(str(error))
                missing.add(name)
                found.pop(name, None)
    return {name: _medians(measured) for name, measured in found.items()}


async def _measure(name: str, options: Options) -> Measured:
    async with SERVERS[name](options) as server:
        await _one_comes_and_goes(server)
        before = resident(server.pid)
        async with _load(server, options.viewers) as ask:
            ready = await ask("")
            await asyncio.sleep(SETTLE_SECONDS)
            rss = (resident(server.pid) - before) / options.viewers
            await ask(f"rate {min(options.rate, 10)} {WARM_SECONDS}")
            used, begin = processor_ns(server.pid), time.monotonic()
            got = await ask(f"rate {options.rate} {options.seconds}")
            used, took = processor_ns(server.pid) - used, time.monotonic() - begin
    return Measured(
        us_per_delivery=round(used / 1000 / max(1, got["delivered"]), 2),
        rss_per_viewer_bytes=round(rss),
        connected_per_second=round(options.viewers / max(ready["seconds"], 0.001)),
        processor_share=round(used / 1e9 / took, 3),
        **{field: got[field] for field in ("p50_ms", "p99_ms", "delivered", "expected", "refused", "frames")},
    )


async def _one_comes_and_goes(server: Started) -> None:
    """So that what is loaded once is not counted as a viewer's memory."""
    async with _load(server, 1) as ask:
        await ask("")
    await asyncio.sleep(0.5)


@asynccontextmanager
async def _load(server: Started, viewers: int) -> AsyncIterator[Callable[[str], Any]]:
    """The viewers in a process of their own. Ask it "" once for its first line, then one line for one line."""
    command = [sys.executable, "-m", "web.bench.load", str(server.port), str(viewers), server.tokens]
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


def _medians(measured: Sequence[Measured]) -> Measured:
    fields = {
        field: round(statistics.median(getattr(one, field) for one in measured), 3)
        for field in Measured.__struct_fields__
    }
    whole = {field: int(fields[field]) for field in ("delivered", "expected", "refused", "frames")}
    return Measured(**(fields | whole | {"rounds": len(measured)}))
