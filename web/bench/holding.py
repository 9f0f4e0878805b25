"""What one machine holds: people who come, comments through the whole path, log entries, many quiet rooms.

Called by `streamhub bench load`. The clients run on the same machine, so every figure is a lower bound; the
processor time of the server beside it says what a machine of its own would hold.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from streamhub.facts import CommentSubmitted
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey, connect
from web.bench.driver import load, processor_ns, resident
from web.bench.servers import Options, streamhub, whole

WINDOW = 200
"""Comments on their way at the same time."""

APPENDERS = 32


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """How much is asked of the machine."""

    viewers: int = 1000
    comments: int = 3000
    entries: int = 5000
    rooms: int = 500
    viewers_of_room: int = 10
    quiet_seconds: float = 20.0


Found = dict[str, dict[str, float]]


async def hold(amounts: Amounts, say: Callable[[str], None]) -> Found:
    """Row name -> figures, by name with their unit."""
    rows: dict[str, Callable[[], Any]] = {
        "log": lambda: _log(amounts),
        "coming": lambda: _coming(amounts),
        "comments_one_hub": lambda: _comments(amounts, hubs=1),
        "comments_two_hubs": lambda: _comments(amounts, hubs=2),
        "rooms": lambda: _rooms(amounts),
    }
    found: Found = {}
    for name, row in rows.items():
        say(name)
        found[name] = await row()
    return found


async def _log(amounts: Amounts) -> dict[str, float]:
    """Appends, each synced to disk before it is acknowledged, `APPENDERS` at a time and one after another."""
    with tempfile.TemporaryDirectory(prefix="streamhub-bench-") as folder:
        valkey = EmbeddedValkey(Path(folder))
        valkey.start()
        try:
            await valkey.ready()
            store = connect(valkey.url)
            log = broadcast_log(store, "BENCH")
            fact = CommentSubmitted(viewer="v-bench", nick="Coral", text="what a reef, look at the colours" * 2)

            async def append(worker: int, count: int) -> None:
                for number in range(count):
                    await log.append(fact, once=f"{worker}-{number}")

            begin = time.monotonic()
            await append(-1, amounts.entries // 10)
            alone = time.monotonic() - begin
            begin = time.monotonic()
            await asyncio.gather(*(append(worker, amounts.entries // APPENDERS) for worker in range(APPENDERS)))
            together = time.monotonic() - begin
            await store.aclose()
        finally:
            await asyncio.to_thread(valkey.stop)
    return {
        "entries_per_second": round(amounts.entries // APPENDERS * APPENDERS / together),
        "one_after_another_per_second": round(amounts.entries // 10 / alone),
    }


async def _coming(amounts: Amounts) -> dict[str, float]:
    """Connect, be told who one is, join: as many as one client process can bring."""
    options = Options(viewers=amounts.viewers, rate=0, seconds=0)
    async with streamhub(options) as server:
        used = processor_ns(server.pid)
        async with load(server, options.viewers) as ask:
            ready = await ask("")
            used = processor_ns(server.pid) - used
    return {
        "joined_per_second": round(amounts.viewers / ready["seconds"]),
        "hub_us_per_join": round(used / 1000 / amounts.viewers),
    }


async def _comments(amounts: Amounts, hubs: int) -> dict[str, float]:
    """Everything that `serve` starts, real moderation too; each comment is shown to every viewer."""
    options = Options(viewers=amounts.viewers, rate=0, seconds=0)
    async with whole(options, hubs) as server, load(server, options.viewers) as ask:
        await ask("")
        got = await ask(f"flood {amounts.comments} {WINDOW}")
    return {name: got[name] for name in ("accepted_per_second", "shown_per_second", "delivered", "expected", "refused")}


async def _rooms(amounts: Amounts) -> dict[str, float]:
    """Many broadcasts with a few viewers each, where nothing happens."""
    viewers = amounts.rooms * amounts.viewers_of_room
    async with streamhub(Options(viewers=viewers, rate=0, seconds=0, rooms=amounts.rooms)) as server:
        before = resident(server.pid)
        async with load(server, viewers) as ask:
            await ask("")
            await asyncio.sleep(5)
            held = resident(server.pid) - before
            used, begin = processor_ns(server.pid), time.monotonic()
            await asyncio.sleep(amounts.quiet_seconds)
            used, took = processor_ns(server.pid) - used, time.monotonic() - begin
    return {
        "idle_core_percent": round(used / 1e7 / took, 2),
        "bytes_per_viewer": round(held / viewers),
    }
