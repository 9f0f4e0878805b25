"""Broadcasts in which much is said, quickly written; and their states folded at once, to compare with."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentJudged, CommentSubmitted, ViewerJoined
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.state.broadcast import BroadcastState, advance
from streamhub.state.projection import position

COMMENTS = 150


async def broadcast(store: Redis, code: str, comments: int = COMMENTS) -> None:
    await create_broadcast(store, BroadcastCreated(code=code, title="Reef", by="organizer"))
    log = broadcast_log(store, code)
    await log.append(BroadcastOpened(by="organizer"), once="open")
    await log.append(*(ViewerJoined(viewer=f"v-{number}") for number in range(10)), once="joins")
    await say(store, code, range(comments))


async def say(store: Redis, code: str, numbers: Iterable[int]) -> None:
    log = broadcast_log(store, code)
    said = [
        CommentSubmitted(
            viewer=f"v-{number % 10}", nick="Ann", text=f"said {number}", kind="comment" if number % 5 else "question"
        )
        for number in numbers
    ]
    before = await log.last_id()
    done = await log.append(*said, once=f"{before} said")
    names = [entry.id for entry in await log.read(before, len(said))]
    assert names[-1] == done.id
    await log.append(*(CommentJudged(comment=name, action="publish") for name in names), once=f"{done.id} judged")


async def whole(store: Redis, code: str, until: str = "") -> BroadcastState:
    """The log from its beginning, at once."""
    state = BroadcastState()
    for entry in await broadcast_log(store, code).read(count=100_000):
        if not until or position(entry.id) <= position(until):
            advance(state, entry)
    return state


def same(state: BroadcastState, other: BroadcastState) -> bool:
    """The order of their dictionaries too."""
    return state == other and msgspec.json.encode(state) == msgspec.json.encode(other)
