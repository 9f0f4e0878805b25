"""Measure the fan-out: processor time per delivered comment, memory per idle viewer, latency, losses.

Called by `streamhub bench fanout`. One server at a time on the first core, the viewers on the second, rounds
interleaved, medians over them. On machines that others use too, trust the ratios within one run.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from web.bench.driver import load, processor_ns, resident
from web.bench.servers import SERVERS, Options, Started, Unavailable
from web.bench.turns import measure_turns

SETTLE_SECONDS = 1.5
WARM_SECONDS = 1.5
TURNS_SECONDS = 3.0


class Measured(msgspec.Struct, kw_only=True):
    """One server in one round, or the medians of several. Latencies are from the viewer's sending to receiving;
    bytes are all that its viewers' sockets received, by delivered comments."""

    us_per_delivery: float
    rss_per_viewer_bytes: float
    p50_ms: float
    p99_ms: float
    delivered: int
    expected: int
    refused: int = 0
    frames: int = 0
    bytes_per_delivery: float = 0
    connected_per_second: float = 0
    processor_share: float = 0
    hub_p50_ms: float = math.nan
    """From the store's confirmation of a verdict to the middle of those who receive the comment."""
    turn_p99_ms: float = 0
    turn_max_ms: float = 0
    """Until a bystander's ping was answered, as `turn_own` without what other processes took (`turns.Turns`)."""
    turn_own_p99_ms: float = 0
    turn_own_max_ms: float = 0
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
        async with load(server, options.viewers, deflate=name == "compressed") as ask:
            ready = await ask("")
            await asyncio.sleep(SETTLE_SECONDS)
            rss = (resident(server.pid) - before) / options.viewers
            await ask(f"rate {min(options.rate, 10)} {WARM_SECONDS}")
            used, begin = processor_ns(server.pid), time.monotonic()
            got = await ask(f"rate {options.rate} {options.seconds}")
            used, took = processor_ns(server.pid) - used, time.monotonic() - begin
            arrivals = (await ask("arrivals"))["middle"] if server.judged else {}
            turning = asyncio.create_task(measure_turns(server.port, server.pid))  # last, as it costs something
            await ask(f"rate {options.rate} {min(options.seconds, TURNS_SECONDS)}")
            turning.cancel()
            turns = await turning
    return Measured(
        us_per_delivery=round(used / 1000 / max(1, got["delivered"]), 2),
        bytes_per_delivery=round(got["bytes"] / max(1, got["delivered"]), 1),
        rss_per_viewer_bytes=round(rss),
        connected_per_second=round(options.viewers / max(ready["seconds"], 0.001)),
        processor_share=round(used / 1e9 / took, 3),
        hub_p50_ms=_hub_p50(server.judged, arrivals),
        turn_p99_ms=turns.p99_ms,
        turn_max_ms=turns.max_ms,
        turn_own_p99_ms=turns.own_p99_ms,
        turn_own_max_ms=turns.own_max_ms,
        **{field: got[field] for field in ("p50_ms", "p99_ms", "delivered", "expected", "refused", "frames")},
    )


def _hub_p50(judged: Mapping[int, int], arrivals: Mapping[str, int]) -> float:
    took = [(middle - judged[int(number)]) / 1e6 for number, middle in arrivals.items() if int(number) in judged]
    return round(statistics.median(took), 2) if took else math.nan


async def _one_comes_and_goes(server: Started) -> None:
    """So that what is loaded once is not counted as a viewer's memory."""
    async with load(server, 1) as ask:
        await ask("")
    await asyncio.sleep(0.5)


def _medians(measured: Sequence[Measured]) -> Measured:
    fields = {
        field: round(statistics.median(getattr(one, field) for one in measured), 3)
        for field in Measured.__struct_fields__
    }
    whole = {field: int(fields[field]) for field in ("delivered", "expected", "refused", "frames")}
    return Measured(**(fields | whole | {"rounds": len(measured)}))
