"""The feed over a real Valkey: what is appended is told in order; whatever is missed is read from the log."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from streamhub.facts import CommentSubmitted
from streamhub.record import feed as feed_
from streamhub.record.feed import Feed, FeedLost, Following
from streamhub.record.log import Log, broadcast_log
from streamhub.record.store import EmbeddedValkey, connect_follower
from streamhub.state.projection import START


@pytest.fixture
async def feed(valkey: EmbeddedValkey, store: Redis) -> AsyncIterator[Feed]:
    follower = connect_follower(valkey.url)
    feed = Feed(follower)
    feed.open()
    yield feed
    await feed.close()
    await follower.aclose()


@pytest.fixture
def log(store: Redis) -> Log:
    return broadcast_log(store, "REEF")


async def say(log: Log, *texts: str) -> list[str]:
    return [(await log.append(CommentSubmitted(viewer="v", nick="Ann", text=text), once=text)).id for text in texts]


async def texts(following: Following, after: str, count: int) -> list[str]:
    """The next so many, over as many calls as it takes, within five seconds."""
    found: list[str] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            for entry in await following.next(after, 1):
                found.append(entry.fact.text)
                after = entry.id
    return found


async def lost(following: Following, after: str) -> None:
    """It says so within five seconds, and does not give anything in its place."""
    async with asyncio.timeout(5):
        with pytest.raises(FeedLost):
            while True:
                assert await following.next(after, 1) == []


async def test_it_begins_with_what_is_there_and_goes_on_with_what_comes(feed: Feed, log: Log) -> None:
    first, *_ = await say(log, "1", "2")
    following = await feed.follow(log)
    assert await texts(following, START, 2) == ["1", "2"]
    waiting = asyncio.create_task(texts(following, await log.last_id(), 3))
    await asyncio.sleep(0.05)
    await asyncio.gather(*(say(log, text) for text in ("3", "4", "5")))
    assert await waiting == [entry.fact.text for entry in await log.read(first)][1:]


async def test_two_logs_are_told_apart(feed: Feed, log: Log, store: Redis) -> None:
    other = broadcast_log(store, "WOOD")
    here, there = await feed.follow(log), await feed.follow(other)
    await say(log, "reef")
    await say(other, "wood")
    assert await texts(here, START, 1) == ["reef"]
    assert await texts(there, START, 1) == ["wood"]


async def test_an_entry_that_was_not_told_is_read_from_the_log(feed: Feed, log: Log, store: Redis) -> None:
    following = await feed.follow(log)
    assert await following.next(START, 0.01) == []
    await store.xadd(log.key, {"f": b'{"type":"comment_submitted","viewer":"v","nick":"Ann","text":"silent"}'})
    await say(log, "told")
    assert await texts(following, START, 2) == ["silent", "told"]


async def test_a_broken_connection_is_said_and_nothing_is_missed(feed: Feed, log: Log, store: Redis) -> None:
    following = await feed.follow(log)
    [first] = await say(log, "1")
    assert await texts(following, START, 1) == ["1"]
    await store.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await say(log, "2")
    await lost(following, first)
    await asyncio.wait_for(following.confirmed.wait(), 5)
    assert await texts(following, first, 1) == ["2"]


async def test_who_leaves_late_does_not_silence_who_came_meanwhile(feed: Feed, log: Log) -> None:
    """A room that is closed while somebody opens it anew."""
    earlier = await feed.follow(log)
    later = await feed.follow(log)
    await earlier.close()
    assert await later.next(START, 0.01) == []
    await say(log, "1", "2")
    assert await texts(later, START, 2) == ["1", "2"]


async def test_what_is_no_announcement_does_not_end_the_feed(feed: Feed, log: Log, store: Redis) -> None:
    following = await feed.follow(log)
    [first] = await say(log, "1")
    assert await texts(following, START, 1) == ["1"]
    await store.publish(log.key, "nonsense")
    await lost(following, first)
    await asyncio.wait_for(following.confirmed.wait(), 5)
    await say(log, "2")
    assert await texts(following, first, 1) == ["2"]


async def test_another_history_is_not_taken_for_news(feed: Feed, log: Log, store: Redis) -> None:
    following = await feed.follow(log)
    await say(log, "1", "2")
    assert await texts(following, START, 2) == ["1", "2"]
    known = await log.last_id()
    await store.flushall()
    await asyncio.sleep(0.01)  # ids are milliseconds: within the same one the new entry would bear the old one's
    await say(log, "another first")
    await lost(following, known)


async def test_more_than_can_wait_is_read_from_the_log(feed: Feed, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_, "WAITING_LIMIT", 3)
    following = await feed.follow(log)
    said = [str(number) for number in range(10)]
    await say(log, *said)
    await asyncio.sleep(0.2)
    assert await texts(following, START, 10) == said


async def test_a_silent_store_is_noticed(
    feed: Feed, log: Log, valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_, "BEAT_SECONDS", 0.2)
    following = await feed.follow(log)
    last = (await say(log, "1"))[0]
    assert await texts(following, START, 1) == ["1"]
    assert valkey.pid
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        await lost(following, last)
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
