"""Clocks that jump: the log's order, identities and the count of people do not ask what time it is said to be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, CommentJudged, CommentSubmitted
from streamhub.live import presence, queue, views
from streamhub.live.admission import VIEWER_SECONDS, Grant, Signer
from streamhub.live.follow import Room
from streamhub.live.presence import Presence
from streamhub.live.viewers import Viewers
from streamhub.record.directory import create_broadcast
from streamhub.record.feed import Feed
from streamhub.record.group import WorkerGroup
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey, connect, connect_follower
from streamhub.state.projection import position

HOUR_MS = 3_600_000


class Clock:
    """The wall clock, as everything here asks for it."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock.time)
    yield clock


def test_identities_outlive_a_clock_that_is_set_back(clock: Clock) -> None:
    signer = Signer("secret")
    token, role = signer.viewer_token("v-ann"), signer.role_token(Grant(role="organizer"))
    for jump in (-3600, -10, 0, 3600):
        clock.now += jump
        person = signer.person(token, role)
        assert (person.viewer, person.fresh, person.organizes) == ("v-ann", False, True), jump


def test_identities_still_end(monkeypatch: pytest.MonkeyPatch) -> None:
    signer, now = Signer("secret"), time.time()
    monkeypatch.setattr(time, "time", lambda: now - VIEWER_SECONDS - 60)
    token = signer.viewer_token("v-ann")
    monkeypatch.undo()
    assert signer.person(token, None).fresh


async def test_a_log_from_the_future_goes_on_in_order(
    valkey: EmbeddedValkey, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's clock was an hour ahead and is set back: entries follow one another all the same, and a comment
    without a verdict is offered to a person in time, neither never nor at once."""
    monkeypatch.setattr(queue, "OVERDUE_MS", 1500)
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    log = broadcast_log(store, "REEF")
    ahead = f"{int(time.time() * 1000) + HOUR_MS}-0"
    await store.xadd(log.key, {"f": '{"type":"viewer_joined","viewer":"v-ann"}'}, id=ahead)
    said = [(await log.append(said_by(n), once=str(n))).id for n in range(5)]
    assert [position(entry) for entry in said] == sorted(position(entry) for entry in said)
    assert position(said[0]) > position(ahead)
    for entry in said[:4]:
        await log.append(CommentJudged(comment=entry, action="publish"), once=f"verdict:{entry}")
    follower = connect_follower(valkey.url)
    feed = Feed(follower)
    feed.open()
    room = Room("REEF", store, feed, Viewers(None, "REEF"), Presence(store, "p"))  # nobody is seated
    await room.open()
    batch = views.since(room.state, ahead)
    assert [comment.id for comment in batch.comments] == said[:4]
    assert room.review().held == ()
    await until(lambda: [held.id for held in room.review().held] == said[4:], 20)
    await room.close()
    await feed.close()
    await follower.aclose()


async def test_a_dead_worker_is_replaced_though_the_clock_of_the_store_was_set_back(tmp_path: Path) -> None:
    """By the store's clock the entry was taken in an hour; by that of the worker who waits, some time ago."""
    valkey = EmbeddedValkey(tmp_path, fsync="everysec", extra=["--enable-debug-command", "yes"])
    valkey.start()
    try:
        await valkey.ready()
        store = connect(valkey.url)
        await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
        log = broadcast_log(store, "REEF")
        alive, dead = (WorkerGroup(store, "moderation", name) for name in ("alive", "dead"))
        for group in (alive, dead):
            await group.add(log.key)
        [(_, lost)] = await dead.take(1, 10)
        await took_it_later(store, log.key, HOUR_MS)
        async with asyncio.timeout(30):
            while not (found := await alive.take_over(100, 300)):
                await asyncio.sleep(0.05)
        assert found == [(log.key, lost)]
        await alive.done(log.key, lost.id)
        assert await alive.finished(log.key)
        await store.aclose()
    finally:
        valkey.stop()


async def took_it_later(store: Redis, key: str, later_ms: int) -> None:
    """As if the one unfinished entry had been handed out so much later. The store has no command for that, but in the
    dump of the log this is the first time that stands in eight bytes, low ones first."""
    dump = cast("bytes", await store.dump(key))
    now_ms = int(time.time() * 1000)
    then = ((at, int.from_bytes(dump[at : at + 8], "little")) for at in range(len(dump)))
    at, taken = next((at, ms) for at, ms in then if abs(ms - now_ms) < 60_000)
    await store.execute_command("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
    await store.restore(key, 0, dump[:at] + (taken + later_ms).to_bytes(8, "little") + dump[at + 8 :], replace=True)


async def test_people_are_counted_whatever_the_clocks_say(
    store: Redis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "FRESH_SECONDS", 1.0)
    here, there = Presence(store, "here"), Presence(store, "there")
    assert await here.changed({"REEF": 3}) == {"REEF": 3}
    assert await there.changed({"REEF": 4}) == {"REEF": 7}
    clock.now += 3600
    assert await here.changed({"REEF": 3}) == {"REEF": 7}
    clock.now -= 7200
    assert await there.changed({"REEF": 5}) == {"REEF": 8}
    assert await here.changed({"REEF": 3}) == {"REEF": 8}
    await asyncio.sleep(1.2)
    assert await here.changed({"REEF": 3}) == {"REEF": 3}, "the other has not been heard of"
    assert here.known("REEF", 3) == 3


def said_by(number: int) -> CommentSubmitted:
    return CommentSubmitted(viewer="v-ann", nick="Ann", text=f"fish {number}", once=f"once-{number:06}")


async def until(wanted: Any, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not wanted():
            await asyncio.sleep(0.1)
