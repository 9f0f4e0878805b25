"""Which logs a worker reads: a closed broadcast is left once all is judged, and comes back when it is opened again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from redis.asyncio import Redis

from moderation.worker import GROUP
from streamhub.facts import BroadcastClosed, BroadcastOpened
from streamhub.record.directory import live, put_live
from streamhub.record.log import broadcast_key, broadcast_log
from streamhub.record.store import EmbeddedValkey
from tests.moderation.test_worker import CODE, broadcast, judged, say, worker

NO_MODEL = "/nonexistent/encoder"


async def change(store: Redis, opening: bool, once: str, code: str = CODE) -> None:
    """As the pages do: live before it is open."""
    if opening:
        await put_live(store, code)
    fact = BroadcastOpened(by="organizer") if opening else BroadcastClosed(by="organizer")
    await broadcast_log(store, code).append(fact, once=once)


async def until_live(store: Redis, *codes: str) -> None:
    async with asyncio.timeout(40):
        while set(await live(store)) != set(codes):
            await asyncio.sleep(0.05)


async def test_a_closed_broadcast_is_left_when_all_is_judged_and_comes_back(
    store: Redis, valkey: EmbeddedValkey, models: Path
) -> None:
    await broadcast(store)
    await broadcast(store, "OTHER")
    await change(store, True, "open-1")
    await say(store, "hello reef")
    async with worker(valkey.url, models, NO_MODEL):
        await judged(store, 1)
        async with worker(valkey.url, models, NO_MODEL, consumer="b"):
            for number in range(39):
                await say(store, f"what lives at {number} metres down there?", f"v{number}")
            await change(store, False, "close-1")
            await until_live(store, "OTHER")
            await judged(store, 40)
        [group] = await store.xinfo_groups(broadcast_key(CODE))
        assert (group["name"], group["pending"]) == (GROUP.encode(), 0)
        await change(store, True, "open-2")
        await say(store, "and here we are again", "v1")
        await judged(store, 41)
        assert set(await live(store)) == {CODE, "OTHER"}


async def test_what_a_crash_left_live_or_not_is_put_right_by_the_next_worker(
    store: Redis, valkey: EmbeddedValkey, models: Path
) -> None:
    for code in ("CLOSED", "OPEN"):
        await broadcast(store, code)
        await change(store, True, "open", code)
    await change(store, False, "close", "CLOSED")
    await store.zrem("streamhub:live", "OPEN")
    await say(store, "nobody lists us", code="OPEN")
    async with worker(valkey.url, models, NO_MODEL):
        await judged(store, 1, "OPEN")
        await until_live(store, "OPEN")
