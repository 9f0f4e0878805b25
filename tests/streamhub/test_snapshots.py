"""Snapshots of what is live, made when enough was added; whoever opens a broadcast reads only what came after."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentSubmitted
from streamhub.record import directory, snapshots
from streamhub.record.log import broadcast_key, broadcast_log
from streamhub.record.replay import replay
from streamhub.record.store import EmbeddedValkey
from streamhub.state.broadcast import BroadcastState, advance

EVERY = 20


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "EVERY", EVERY)
    monkeypatch.setattr(snapshots, "LOOK_SECONDS", 0.05)


async def open_broadcast(store: Redis, code: str) -> None:
    await directory.create_broadcast(store, BroadcastCreated(code=code, title="Reef", by="test"))
    await directory.put_live(store, code)
    await broadcast_log(store, code).append(BroadcastOpened(by="test"), once="open")


async def say(store: Redis, code: str, count: int) -> None:
    log = broadcast_log(store, code)
    for _ in range(count):
        said = await log.last_id()
        await log.append(CommentSubmitted(viewer="v", nick="Ann", text="hello"), once=said)


async def whole(store: Redis, code: str) -> BroadcastState:
    state = BroadcastState()
    async for entry in broadcast_log(store, code).all():
        advance(state, entry)
    return state


async def test_one_is_made_when_enough_was_added_and_not_before(store: Redis) -> None:
    await open_broadcast(store, "REEF")
    await open_broadcast(store, "WOOD")
    await say(store, "REEF", EVERY)
    lengths = await snapshots.keep(store, {})
    key = broadcast_key("REEF", "snapshot")
    first = await store.get(key)
    assert first and not await store.exists(broadcast_key("WOOD", "snapshot"))
    await say(store, "REEF", EVERY - 1)
    lengths = await snapshots.keep(store, lengths)
    assert await store.get(key) == first
    await say(store, "REEF", 1)
    await snapshots.keep(store, lengths)
    assert await store.get(key) != first
    assert await replay(store, "REEF") == await whole(store, "REEF")


async def test_it_goes_on_after_the_store_was_away(store: Redis, valkey: EmbeddedValkey) -> None:
    await open_broadcast(store, "REEF")
    stop = asyncio.Event()
    keeping = asyncio.create_task(snapshots.run(valkey.url, stop=stop))
    await asyncio.sleep(0.1)
    await store.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await say(store, "REEF", EVERY)
    async with asyncio.timeout(20):
        while not await store.exists(broadcast_key("REEF", "snapshot")):
            await asyncio.sleep(0.05)
    stop.set()
    await keeping
