"""A long broadcast is opened, followed and let go in slices: others get their turns, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from streamhub.facts import ViewerJoined
from streamhub.live import follow, rooms
from streamhub.live.admission import Signer
from streamhub.live.follow import Room
from streamhub.live.hub import Hub
from streamhub.record import log as log_
from streamhub.record import parts, replay
from streamhub.record.log import broadcast_log
from streamhub.record.pace import Pace
from streamhub.record.store import EmbeddedValkey, connect, connect_follower
from streamhub.state.broadcast import BroadcastState, advance
from streamhub.state.projection import Entry
from tests.streamhub.evenings import COMMENTS, broadcast, same, say, whole

SLICE = 20
PIECE = 2000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few hundred entries are many slices."""
    for module in (log_, replay, follow):
        monkeypatch.setattr(module, "SLICE", SLICE)
    monkeypatch.setattr(replay, "PIECE_BYTES", PIECE)
    monkeypatch.setattr(parts, "PART_ITEMS", 5)


class Turns:
    """What was folded and taken from a snapshot, by turn of the loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.work: Counter[int] = Counter()
        self.folded: list[str] = []
        self.taken = 0
        for module in (replay, follow):
            monkeypatch.setattr(module, "advance", self._advance)
        monkeypatch.setattr(replay, "take", self._take)

    def _advance(self, state: BroadcastState, entry: Entry) -> bool:
        self.work[self.number] += 1
        done = advance(state, entry)
        if done:
            self.folded.append(entry.id)
        return done

    def _take(self, state: BroadcastState, line: bytes) -> None:
        self.work[self.number] += 1
        self.taken += 1
        parts.take(state, line)

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[None]:
        counting = asyncio.create_task(self._count())
        yield
        counting.cancel()

    async def _count(self) -> None:
        while True:
            self.number += 1
            await asyncio.sleep(0)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    return Turns(monkeypatch)


@asynccontextmanager
async def hub_of(valkey: EmbeddedValkey) -> AsyncIterator[Hub]:
    follower, store = connect_follower(valkey.url), connect(valkey.url)
    hub = Hub(store=store, follower=follower, signer=Signer("secret of the tests"), modules={}, notes={})
    await hub.open()
    yield hub
    await hub.close()
    await follower.aclose()
    await store.aclose()


async def test_whoever_opens_a_long_broadcast_holds_the_loop_for_a_slice(
    valkey: EmbeddedValkey, store: Redis, turns: Turns
) -> None:
    """From the log, from a snapshot, and two at once: never more than one slice a turn."""
    for code in ("REEF", "WOOD", "KEPT"):
        await broadcast(store, code)
    await replay.keep_snapshot(store, "KEPT", await whole(store, "KEPT"))
    await say(store, "KEPT", range(1000, 1030))
    async with hub_of(valkey) as hub:
        async with turns.counted():
            opened = await asyncio.gather(*(hub.room(code) for code in ("REEF", "WOOD", "KEPT")))
        for room in opened:
            assert same(room.state, await whole(store, room.code))
    assert len(turns.folded) == 2 * (2 * COMMENTS + 12) + 60
    assert turns.taken >= 2 * COMMENTS / 5, "the parts of comments and of what was seen"
    biggest = max(turns.work.values())
    assert biggest <= max(SLICE, PIECE // 30), f"{biggest} in one turn"
    assert len(turns.work) >= 2 * 2 * COMMENTS / SLICE + 3


async def test_what_is_said_while_it_opens_is_there_once(valkey: EmbeddedValkey, store: Redis, turns: Turns) -> None:
    await broadcast(store, "REEF")
    state = await whole(store, "REEF")
    await replay.keep_snapshot(store, "REEF", state)
    await say(store, "REEF", range(1000, 1050))
    async with hub_of(valkey) as hub:
        opening = asyncio.create_task(hub.room("REEF"))
        said = 0
        while not opening.done() or not said:
            await say(store, "REEF", [2000 + said])
            said += 1
        room = await opening
        await say(store, "REEF", [3000])
        await room.reached(await room.log.last_id())
        assert said > 1 and same(room.state, await whole(store, "REEF"))
        assert max(Counter(turns.folded).values()) == 1
        texts = [comment.text for comment in room.whole(500).comments]
        assert [*texts[-said - 1 :]] == [*(f"said {2000 + number}" for number in range(said)), "said 3000"]


async def test_two_who_come_at_once_share_one_opening(valkey: EmbeddedValkey, store: Redis, turns: Turns) -> None:
    await broadcast(store, "REEF")
    async with hub_of(valkey) as hub:
        first = asyncio.create_task(hub.room("REEF"))
        while not turns.folded:
            await asyncio.sleep(0)
        assert not first.done()
        assert await hub.room("REEF") is await first
    assert len(turns.folded) == 2 * COMMENTS + 12


async def test_a_rush_is_folded_in_slices_and_shown_in_order(
    valkey: EmbeddedValkey, store: Redis, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What piles up while a room rests after a tick."""
    monkeypatch.setattr(follow, "TICK_SECONDS", 1.0)
    await broadcast(store, "REEF", comments=1)
    async with hub_of(valkey) as hub:
        room = await hub.room("REEF")
        await say(store, "REEF", [1])
        log = broadcast_log(store, "REEF")
        done = await log.append(*(ViewerJoined(viewer=f"w-{n}") for n in range(10 * SLICE)), once="rush")
        async with turns.counted():
            await room.reached(done.id)
        assert max(turns.work.values()) <= SLICE
        assert same(room.state, await whole(store, "REEF"))


async def test_a_room_that_nobody_needs_is_let_go_in_slices(
    valkey: EmbeddedValkey, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its things are freed a few at a time, nothing else holds them: they do not go at once with the room."""
    monkeypatch.setattr(rooms, "IDLE_SECONDS", -1.0)
    monkeypatch.setattr(rooms, "SWEEP_SECONDS", 0.05)
    left: list[tuple[bool, int]] = []
    room: weakref.ref[Room]

    async def let_go(things: list[list[Any]], pace: Pace) -> None:
        left.append((room() is None, sum(map(len, things))))
        await parts.let_go(things, pace)

    monkeypatch.setattr(rooms, "let_go", let_go)
    await broadcast(store, "REEF", comments=30)
    gc.collect()
    gc.disable()
    try:
        async with hub_of(valkey) as hub:
            room = weakref.ref(await hub.room("REEF"))
            async with asyncio.timeout(20):
                while not left:
                    await asyncio.sleep(0.01)
    finally:
        gc.enable()
    [(gone, things)] = left
    assert gone and things > 4 * 30


class Thing:
    freed: Counter[int]
    turns: Turns

    def __del__(self) -> None:
        self.freed[self.turns.number] += 1


async def test_things_are_freed_a_few_in_each_turn(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FREE_AT_ONCE", 10)
    Thing.freed, Thing.turns = Counter(), turns
    async with turns.counted():
        await parts.let_go([[Thing() for _ in range(95)], [], [Thing() for _ in range(5)]], Pace())
    assert sum(Thing.freed.values()) == 100 and max(Thing.freed.values()) <= 10
