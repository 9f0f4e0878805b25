"""The log on a real Valkey: append once, read, follow, share among workers, come back after a kill."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, CommentErased, CommentJudged, CommentSubmitted, ViewerJoined
from streamhub.record.directory import broadcasts, create_broadcast
from streamhub.record.group import WorkerGroup
from streamhub.record.log import NotRecorded, broadcast_log
from streamhub.record.replay import keep_snapshot, replay
from streamhub.record.store import EmbeddedValkey, StoreFailed, connect


def said(text: str) -> CommentSubmitted:
    return CommentSubmitted(viewer="v-ann", nick="Ann", text=text)


async def test_the_same_once_makes_one_entry_however_often_and_concurrently(store: Redis) -> None:
    log = broadcast_log(store, "REEF")
    tries = await asyncio.gather(*(log.append(said("hi"), once="a") for _ in range(20)))
    assert len({done.id for done in tries}) == 1
    assert sum(done.fresh for done in tries) == 1
    assert [entry.fact.text for entry in await log.read()] == ["hi"]
    assert await log.known("a") == tries[0].id
    assert await log.known("b") is None


async def test_reading_in_pieces_gives_every_entry_once_in_order(store: Redis) -> None:
    log = broadcast_log(store, "REEF")
    ids = [(await log.append(said(str(n)), once=str(n))).id for n in range(25)]
    read, after = [], "0-0"
    while entries := await log.read(after, count=7):
        read += entries
        after = entries[-1].id
    assert [entry.id for entry in read] == ids
    assert [entry.id async for entry in log.all(ids[9])] == ids[10:]
    assert await log.last_id() == ids[-1]


async def test_waiting_returns_new_entries_or_nothing(store: Redis) -> None:
    log = broadcast_log(store, "REEF")
    first = await log.append(said("1"), once="1")
    assert await log.wait(first.id, 10) == []
    waiting = asyncio.create_task(log.wait(first.id, 2000))
    await asyncio.sleep(0.05)
    second = await log.append(said("2"), once="2")
    assert [entry.id for entry in await waiting] == [second.id]


async def test_an_entry_of_a_later_version_keeps_its_place(store: Redis) -> None:
    log = broadcast_log(store, "REEF")
    await store.xadd(log.key, {"f": '{"type":"from_the_future"}'})
    await log.append(said("now"), once="1")
    assert [entry.fact and entry.fact.text for entry in await log.read()] == [None, "now"]


async def test_a_group_hands_each_entry_to_one_worker_and_takes_over_from_the_dead(store: Redis) -> None:
    log = broadcast_log(store, "REEF")
    for n in range(10):
        await log.append(said(str(n)), once=str(n))
    alive, dead = (WorkerGroup(store, "moderation", name) for name in ("alive", "dead"))
    for group in (alive, dead):
        await group.add(log.key)
    lost = await dead.take(4, 10)
    taken = await alive.take(100, 10)
    assert sorted(entry.fact.text for _, entry in lost + taken) == [str(n) for n in range(10)]
    await alive.done(log.key, *(entry.id for _, entry in taken))
    assert await alive.take_over(100, 60_000) == []
    assert [entry for _, entry in await alive.take_over(100, 0)] == [entry for _, entry in lost]


async def test_what_is_erased_is_handed_to_nobody_and_holds_no_log_open(store: Redis) -> None:
    """Taken by a worker that died, or by nobody yet: the others go on, and everything counts as dealt with."""
    log = broadcast_log(store, "REEF")
    texts = [(await log.append(said(str(n)), once=str(n))).id for n in range(4)]
    alive, dead = (WorkerGroup(store, "moderation", name) for name in ("alive", "dead"))
    for group in (alive, dead):
        await group.add(log.key)
    assert len(await dead.take(2, 10)) == 2
    for comment in (texts[0], texts[3]):
        await log.append(CommentErased(comment=comment, by="author"), once=f"erase:{comment}")
        await log.erase(comment)
    taken = await alive.take(100, 10)
    await alive.done(log.key, *(entry.id for _, entry in taken))
    left = await alive.take_over(100, 0)
    await alive.done(log.key, *(entry.id for _, entry in left))
    words = [entry.fact.text for _, entry in [*taken, *left] if isinstance(entry.fact, CommentSubmitted)]
    assert words == ["2", "1"]
    assert [entry.id async for entry in log.all() if isinstance(entry.fact, CommentSubmitted)] == texts[1:3]
    assert await alive.finished(log.key)
    assert (await log.append(said("3 again"), once="3")).id == texts[3], "a retry of what was erased says nothing anew"


async def test_creating_a_broadcast_twice_tells_so(store: Redis) -> None:
    fact = BroadcastCreated(code="REEF", title="Reef", by="organizer")
    assert (await create_broadcast(store, fact)).fresh
    assert not (await create_broadcast(store, fact)).fresh
    assert await broadcasts(store) == ["REEF"]


async def test_replay_with_a_snapshot_equals_replay_without(store: Redis) -> None:
    log = broadcast_log(store, "REEF")
    for n in range(5):
        done = await log.append(said(str(n)), once=str(n))
        await log.append(CommentJudged(comment=done.id, action="publish"), once=f"verdict:{done.id}")
    await keep_snapshot(store, "REEF", await replay(store, "REEF"))
    await log.append(ViewerJoined(viewer="v-bo"), once="join:v-bo")
    with_snapshot = await replay(store, "REEF")
    await store.set("{b:REEF}:snapshot", "damaged")
    assert await replay(store, "REEF") == with_snapshot


async def test_what_was_acknowledged_survives_sigkill_of_the_store(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path / "store")
    valkey.start()
    await valkey.ready()
    client = connect(valkey.url)
    log = broadcast_log(client, "REEF")
    acknowledged: list[str] = []

    async def speak(who: int) -> None:
        for n in range(1000):
            try:
                acknowledged.append((await log.append(said(f"{who}-{n}"), once=f"{who}-{n}")).id)
            except NotRecorded:
                return

    speakers = [asyncio.create_task(speak(who)) for who in range(8)]
    while len(acknowledged) < 200:
        await asyncio.sleep(0.005)
    os.kill(valkey.pid or 0, signal.SIGKILL)
    await asyncio.gather(*speakers)
    valkey.stop()
    valkey.start()
    await valkey.ready()
    kept = {entry.id async for entry in log.all()}
    assert set(acknowledged) <= kept
    assert len(kept) <= len(acknowledged) + 8
    await client.aclose()
    valkey.stop()


async def test_a_store_that_cannot_start_says_why(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path, extra=["--no-such-option", "1"])
    valkey.start()
    with pytest.raises(StoreFailed, match="did not start"):
        await valkey.ready(5)
