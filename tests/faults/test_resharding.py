"""A slot of a Cluster moves to another primary while everybody goes on: key by key, and at once as Valkey 9 can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, CommentSubmitted
from streamhub.record import replay as snapshot
from streamhub.record.cluster import Apart
from streamhub.record.directory import LIVE, create_broadcast, leave_live, live, put_live
from streamhub.record.feed import Feed
from streamhub.record.group import WorkerGroup
from streamhub.record.log import NotRecorded, broadcast_key, broadcast_log
from streamhub.record.store import connect, connect_follower
from streamhub.state.projection import START, Entry
from tests.faults.clusters import ClusterOfNodes, Move, move_at_once, move_key_by_key
from tests.faults.evening import ROUNDS, evening, rush

PATIENCE_SECONDS = 30


@pytest.fixture
async def stores(cluster: ClusterOfNodes) -> AsyncIterator[tuple[Redis, Redis]]:
    """A client for commands and one for followers, of a Cluster with the broadcast REEF."""
    both = connect(cluster.store), connect_follower(cluster.store)
    await create_broadcast(both[0], BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    yield both
    for store in both:
        await store.aclose()


@pytest.mark.timeout(180 + 60 * ROUNDS)
async def test_an_evening_goes_on_while_its_slots_move(cluster: ClusterOfNodes, tmp_path: Path, model: Path) -> None:
    await evening(cluster.store, tmp_path / "data", model, 3, partial(slots_move, cluster))


@pytest.mark.timeout(180 + 60 * ROUNDS)
async def test_a_rush_of_appends_follows_its_slots(cluster: ClusterOfNodes) -> None:
    for _ in range(ROUNDS):
        await rush(cluster.store, partial(slots_move, cluster))


async def slots_move(cluster: ClusterOfNodes, logs: Sequence[str]) -> str:
    for key in logs:
        await move_key_by_key(cluster, key, 0.2)
        await move_at_once(cluster, key)
    return f"{len(logs)} slots moved, each key by key and at once"


async def test_a_snapshot_is_kept_and_read_wherever_its_slot_goes(
    cluster: ClusterOfNodes, stores: tuple[Redis, Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its pieces, and the key beside it, are in one slot."""
    store, _ = stores
    monkeypatch.setattr(snapshot, "PIECE_BYTES", 500)
    said = [CommentSubmitted(viewer="v", nick="Ann", text=f"said {number}") for number in range(50)]
    await broadcast_log(store, "REEF").append(*said, once="said")
    state = await snapshot.replay(store, "REEF")
    for again in range(2):
        await snapshot.keep_snapshot(store, "REEF", state)
        assert await store.strlen(broadcast_key("REEF", "snapshot")) > 10 * 500
        assert await snapshot.replay(store, "REEF") == state and len(state.comments.by_id) == 50
        if not again:
            await move_at_once(cluster, broadcast_key("REEF"))


async def test_who_follows_a_log_goes_on_where_its_slot_goes(
    cluster: ClusterOfNodes, stores: tuple[Redis, Redis]
) -> None:
    """A hub, a reader that waits and a worker get each entry once and in order, whatever the stage of the move."""
    store, follower = stores
    log, followed = broadcast_log(store, "REEF"), broadcast_log(follower, "REEF")
    group = WorkerGroup(follower, "moderation", "a")
    await group.add(log.key)
    feed = Feed(follower)
    feed.open()
    following = await feed.follow(log)
    readers = [
        Reader(lambda after: following.next(after, None)),
        Reader(lambda after: followed.wait(after, 1000)),
        Reader(lambda _: taken(group)),
    ]

    async def everybody_gets(text: str) -> None:
        await log.append(said(text), once=text)
        async with asyncio.timeout(PATIENCE_SECONDS):
            for reader in readers:
                await reader.until(text)

    await everybody_gets("before")
    move = await Move.begin(cluster, log.key)
    await everybody_gets("nothing has moved yet")
    await move.carry(*await move.keys())
    await everybody_gets("all is there, and the slot not yet")
    await everybody_gets("and another, for who waits there now")
    await move.end()
    await everybody_gets("the slot is there")
    await move_at_once(cluster, log.key)
    await everybody_gets("at once")
    for reader in readers:
        assert reader.texts == [entry.fact.text for entry in await log.read() if _spoken(entry)]
        await reader.stop()
    await group.close()
    await feed.close()


async def test_an_append_waits_for_the_log_and_its_marks_to_be_together(
    cluster: ClusterOfNodes, stores: tuple[Redis, Redis]
) -> None:
    """It is refused after a while if they are not, and recorded once if it is tried again."""
    log = broadcast_log(stores[0], "REEF")
    await log.append(said("before"), once="1")
    move = await Move.begin(cluster, log.key)
    await move.carry(log.key)
    with pytest.raises(NotRecorded) as refused:
        await log.append(said("apart"), once="2")
    assert isinstance(refused.value.__cause__, Apart)
    assert refused.value.advice == "could not be recorded: not accepted, try again"
    assert len(await log.read()) == 2
    assert await log.known("1") and not await log.known("2")
    appending = asyncio.create_task(log.append(said("apart"), once="2"))
    await move.carry(*await move.keys())
    assert (await appending).fresh
    assert not (await log.append(said("apart"), once="2")).fresh
    await move.end()
    assert not (await log.append(said("apart"), once="2")).fresh
    assert [entry.fact.text for entry in await log.read() if _spoken(entry)] == ["before", "apart"]


async def test_a_server_that_joins_is_used_before_it_has_a_slot(cluster: ClusterOfNodes) -> None:
    """It knows no script yet, and those who know the Cluster do not know it. What goes together in a pipeline is
    answered together, though one part is there and one is not."""
    store = connect(f"{cluster.store}?replicas=0")
    await put_live(store, "REEF")
    move = await Move.begin(cluster, LIVE, await cluster.join())
    await move.carry(LIVE)
    at = (await live(store))["REEF"]
    assert not await leave_live(store, "REEF", at - 1)
    async with store.pipeline(transaction=False) as pipe:
        for key in ("elsewhere", LIVE):
            pipe.zadd(key, {"KELP": 1})
        pipe.zcard(LIVE)
        assert await pipe.execute() == [1, 1, 2]
    assert await leave_live(store, "REEF", at)
    await move.end()
    assert list(await live(store)) == ["KELP"]
    await store.aclose()


class Reader:
    """Reads on and on; `next_` gets the position of the entry that was read last."""

    def __init__(self, next_: Callable[[str], Awaitable[list[Entry]]]) -> None:
        self.texts: list[str] = []
        self._next = next_
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        after = START
        while True:
            for entry in await self._next(after):
                after = entry.id
                if _spoken(entry):
                    self.texts.append(entry.fact.text)
            async with self._news:
                self._news.notify_all()

    async def until(self, text: str) -> None:
        async with self._news:
            await self._news.wait_for(lambda: self._task.done() or text in self.texts)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def taken(group: WorkerGroup) -> list[Entry]:
    entries = [entry for _, entry in await group.take(10, 1000)]
    await group.done(broadcast_key("REEF"), *(entry.id for entry in entries))
    return entries


def said(text: str) -> CommentSubmitted:
    return CommentSubmitted(viewer="v-ann", nick="Ann", text=text)


def _spoken(entry: Entry) -> bool:
    return isinstance(entry.fact, CommentSubmitted)
