"""Told to stop under load, it lets everybody finish and sends them away; they return at once and have everything."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from streamhub.facts import CommentJudged, CommentSubmitted
from streamhub.live.views import MISSED_LIMIT
from streamhub.live.websocket import COME_BACK
from streamhub.record.log import Log, broadcast_log
from streamhub.record.store import connect
from tests.faults.crowd import Crowd
from tests.faults.light import Light, allow_many
from tests.running import Running, Viewer

VIEWERS = 1000
STOP_SECONDS = 25.0


@pytest.mark.timeout(240)
async def test_stopped(stricken: Running, crowd: Crowd) -> None:
    """SIGTERM, twice: 1012 for every viewer, an answer for whatever was recorded, an end in bounded time."""
    allow_many()
    viewers = [Light(stricken, crowd.code) for _ in range(VIEWERS)]
    await in_groups(viewers)
    crowd.act(pause=0.2)
    await asyncio.sleep(2)
    begun = time.monotonic()
    stopping = asyncio.create_task(asyncio.to_thread(stricken.stop))
    await asyncio.sleep(0.1)
    os.kill(stricken.pid, signal.SIGTERM)
    codes = await asyncio.gather(*(viewer.closed() for viewer in viewers))
    assert await stopping == 0
    took = time.monotonic() - begun
    assert took < STOP_SECONDS
    assert set(codes) == {COME_BACK}
    await crowd.freeze()
    await asyncio.to_thread(stricken.start)
    await crowd.check_answered()

    begun = time.monotonic()
    await asyncio.gather(*(viewer.come_back() for viewer in viewers))
    back = time.monotonic() - begun
    async with asyncio.timeout(60):
        while any(viewer.shown != viewers[0].shown for viewer in viewers):
            await asyncio.sleep(0.1)
    assert len(set(viewers[0].shown)) == len(viewers[0].shown) and not any(viewer.resets for viewer in viewers)
    await crowd.settle()
    await crowd.check()
    assert viewers[-1].shown == crowd.members[0].shown
    print(f"stopped in {took:.1f} s; {VIEWERS} came back at once in {back:.1f} s; {crowd.summary}")
    await asyncio.gather(*(viewer.leave() for viewer in viewers))


async def in_groups(viewers: list[Light]) -> None:
    for start in range(0, len(viewers), 50):
        await asyncio.gather(*(viewer.come() for viewer in viewers[start : start + 50]))


async def test_too_far_behind(stricken: Running) -> None:
    """Who missed more than a catch-up carries starts over with the latest, and then gets what follows."""
    moderation = stricken.processes["moderation-1"]
    os.kill(moderation, signal.SIGSTOP)  # the verdicts are this test's: so many like comments are a flood
    try:
        await miss_much(stricken)
    finally:
        os.kill(moderation, signal.SIGCONT)


async def miss_much(stricken: Running) -> None:
    code = await stricken.broadcast("FAR-BEHIND")
    store = connect(stricken.store)
    log = broadcast_log(store, code)
    near, far = await stricken.viewer(code), await stricken.viewer(code)
    await far.leave()
    said = await say(log, MISSED_LIMIT - 100, 0)
    await until_shown(near, said[-1])
    await near.leave()
    said += await say(log, 200, MISSED_LIMIT)
    for viewer, over in ((near, False), (far, True)):
        place = last_place(viewer)
        had = [] if over else shown_of(viewer)
        viewer.frames.clear()
        await viewer.come(code, **place, last=200)
        assert bool(viewer.joined["batch"].get("reset")) == over
        await until_shown(viewer, said[-1])
        assert [*had, *shown_of(viewer)][-200:] == said[-200:]
        assert over or [*had, *shown_of(viewer)] == said
    after = await say(log, 5, 2 * MISSED_LIMIT)
    for viewer in (near, far):
        await until_shown(viewer, after[-1])
        assert shown_of(viewer)[-205:] == (said + after)[-205:]
        await viewer.leave()
    await store.aclose()


async def say(log: Log, count: int, number: int) -> list[str]:
    """Published comments, straight into the log."""
    said = []
    for n in range(number, number + count):
        fact = CommentSubmitted(viewer=f"v-{n % 7}", nick="N", text=f"fish {n}", once=f"once-{n:06}")
        entry = await log.append(fact, once=f"c{n}")
        await log.append(CommentJudged(comment=entry.id, action="publish"), once=f"verdict:{entry.id}")
        said.append(entry.id)
    return said


async def until_shown(viewer: Viewer, comment: str) -> None:
    async with asyncio.timeout(30):
        while comment not in shown_of(viewer)[-1:]:
            await asyncio.sleep(0.05)


def batches(viewer: Viewer) -> list[dict[str, object]]:
    return [viewer.joined["batch"], *(data for name, data in viewer.frames if name == "batch")]


def last_place(viewer: Viewer) -> dict[str, object]:
    last = batches(viewer)[-1]
    return {"after": last["as_of"], "epoch": last["epoch"]}


def shown_of(viewer: Viewer) -> list[str]:
    return [comment["id"] for batch in batches(viewer) for comment in batch.get("comments", [])]  # type: ignore[attr-defined]
