"""Snapshots in parts: whole or not at all, whoever writes one while another is read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from redis.asyncio import Redis

from streamhub.record import parts, replay
from streamhub.record.log import broadcast_key, broadcast_log
from streamhub.record.pace import Pace
from streamhub.state.projection import position
from tests.streamhub.evenings import broadcast, same, say, whole


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a snapshot of a few comments is many pieces."""
    monkeypatch.setattr(replay, "PIECE_BYTES", 2000)
    monkeypatch.setattr(parts, "PART_ITEMS", 5)


class Meanwhile(Pace):
    """After each of the first slices somebody does something; so often."""

    def __init__(self, times: int, do: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self.times = times
        self.do = do

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        if self.times:
            self.times -= 1
            await self.do()


@pytest.mark.parametrize("times", [1, 20])
async def test_while_a_snapshot_is_read_a_later_one_may_be_kept(store: Redis, times: int) -> None:
    await broadcast(store, "REEF", comments=20)
    await replay.keep_snapshot(store, "REEF", await whole(store, "REEF"))
    before = await broadcast_log(store, "REEF").last_id()

    async def go_on() -> None:
        await say(store, "REEF", [1000])
        await replay.keep_snapshot(store, "REEF", await whole(store, "REEF"))

    state = await replay.replay(store, "REEF", Meanwhile(times, go_on))
    assert position(state.as_of) > position(before)
    assert same(state, await whole(store, "REEF", until=state.as_of))


async def test_no_state_is_half_of_one_snapshot_and_half_of_another(store: Redis) -> None:
    """Also where the two are of the same length, so that the lines of both fit."""
    await broadcast(store, "REEF", comments=60)
    key = broadcast_key("REEF", "snapshot")
    await replay.keep_snapshot(store, "REEF", await whole(store, "REEF"))
    stamp = re.compile(rb'"stamp":"[^"]+"')
    other = stamp.sub(b'"stamp":"0123456789abcdef"', bytes(await store.get(key)).replace(b"said ", b"SAID "), count=1)
    state = await replay.replay(store, "REEF", Meanwhile(1, lambda: store.set(key, other)))
    assert {comment.text[:5] for comment in state.comments.by_id.values()} == {"SAID "}


async def test_what_is_no_snapshot_is_passed_over(store: Redis) -> None:
    """Of an earlier version (one line), of a later one, cut off, or with a part that nobody knows."""
    await broadcast(store, "REEF")
    right, key = await whole(store, "REEF"), broadcast_key("REEF", "snapshot")
    await replay.keep_snapshot(store, "REEF", right)
    kept = bytes(await store.get(key))
    state = await whole(store, "REEF")
    head, _, rest = kept.partition(b"\n")
    for wrong in (
        msgspec.json.encode({"version": 3, "state": state}),
        head.replace(b'"version":4', b'"version":5') + b"\n" + rest,
        kept[: len(kept) // 2],
        kept + b'["comments","unheard_of",{}]\n',
    ):
        await store.set(key, wrong)
        assert same(await replay.replay(store, "REEF"), right)


async def test_a_snapshot_takes_the_place_of_the_last_in_one_step(store: Redis) -> None:
    await broadcast(store, "REEF", comments=30)
    key = broadcast_key("REEF", "snapshot")
    await replay.keep_snapshot(store, "REEF", await whole(store, "REEF"))
    first = await store.get(key)
    await say(store, "REEF", range(1000, 1030))
    keeping = asyncio.create_task(replay.keep_snapshot(store, "REEF", await whole(store, "REEF")))
    seen = {first}
    while not keeping.done():
        seen.add(await store.get(key))
    assert seen <= {first, await store.get(key)}
    assert await store.ttl(key) == -1 and await store.keys(f"{key}:*") == [], "it stays, and nothing stays beside it"
