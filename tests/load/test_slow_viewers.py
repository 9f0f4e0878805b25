"""Viewers who stop reading cost the others nothing and miss nothing: one catch-up frame, or dropped and back."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentDecided, CommentJudged, CommentSubmitted
from streamhub.live import viewers as viewers_module
from streamhub.live.admission import Signer
from streamhub.live.hub import Hub
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey, connect, connect_follower
from tests.protocol.wire import CHROMIUM, Wire

ROUND = 150
CHANCE = random.Random(7)


class Running:
    def __init__(self, hub: Hub, port: int, store: Redis) -> None:
        self.hub = hub
        self.port = port
        self.log = broadcast_log(store, "REEF")
        self.said: list[str] = []

    async def say(self, count: int) -> None:
        """Comments that are shown, straight into the log; a tick's worth of them fits no small buffer."""
        for _ in range(count):
            n = len(self.said)
            text = f"{n} {base64.b64encode(CHANCE.randbytes(146)).decode()}"  # deflate makes little of it
            fact = CommentSubmitted(viewer=f"v-{n % 7}", nick="N", text=text[:200], once=f"once-{n:06}")
            entry = await self.log.append(fact, once=f"c{n}")
            await self.log.append(
                CommentJudged(comment=entry.id, action="publish", model="t", policy="t"), once=f"v{n}"
            )
            self.said.append(entry.id)


@pytest.fixture
async def running(valkey: EmbeddedValkey, store: Redis) -> AsyncIterator[Running]:
    follower, hub_store = connect_follower(valkey.url), connect(valkey.url)
    hub = Hub(store=hub_store, follower=follower, signer=Signer("secret"), modules={}, notes={})
    app = web.Application()
    hub.server.attach(app)
    server = TestServer(app)
    await server.start_server()
    await hub.open()
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    await broadcast_log(store, "REEF").append(BroadcastOpened(by="organizer"), once="open")
    yield Running(hub, server.port or 0, store)
    await hub.close()
    await server.close()
    await follower.aclose()
    await hub_store.aclose()


class Watching:
    """One viewer; `frames` holds the batches in the order in which they came."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.frames: list[dict[str, Any]] = []

    @classmethod
    async def join(
        cls, port: int, *, small: bool = False, offers: tuple[str, ...] = (), token: str = "", **fields: Any
    ) -> Watching:
        wire = await Wire.open(port, receive_buffer=4096 if small else 0, offers=offers)
        await wire.text()
        wire.send(b"40" + json.dumps({"token": token}).encode())
        await wire.text()
        wire.send(b"421" + json.dumps(["join", {"broadcast": "REEF"} | fields]).encode())
        watching = cls(wire)
        while not (text := await wire.text()).startswith("431"):
            pass
        watching.joined = json.loads(text[3:])[0]
        watching.frames.append(watching.joined["batch"])
        return watching

    async def read(self) -> None:
        text = await self.wire.text()
        if text.startswith('42["batch"'):
            self.frames.append(json.loads(text[2:])[1])

    async def until(self, comments: int) -> None:
        async with asyncio.timeout(30):
            while len(self.comments) < comments:
                await self.read()

    @property
    def comments(self) -> list[str]:
        return [comment["id"] for frame in self.frames for comment in frame.get("comments", [])]

    @property
    def gone(self) -> list[str]:
        return [comment for frame in self.frames for comment in frame.get("gone", [])]


async def overwhelm(running: Running, quick: Watching, room: Any) -> None:
    """Until somebody was skipped; the quick viewer keeps up all the while."""
    async with asyncio.timeout(60):
        while not room.viewers.counts.skipped:
            await running.say(ROUND)
            await quick.until(len(running.said))


@pytest.mark.parametrize("offers", [(), (CHROMIUM,)], ids=["plain", "compressed"])
async def test_who_stops_reading_gets_everything_in_one_frame_later(running: Running, offers: tuple[str, ...]) -> None:
    quick, slow = await Watching.join(running.port), await Watching.join(running.port, small=True, offers=offers)
    room = await running.hub.room("REEF")
    await running.say(1)
    await slow.until(1)
    await overwhelm(running, quick, room)
    retracted = running.said[0]
    await running.log.append(CommentDecided(comment=retracted, action="reject", by="host"), once="gone")
    await running.say(ROUND)
    await quick.until(len(running.said))
    assert quick.gone == [retracted] and room.viewers.counts.caught_up == 0
    await slow.until(len(running.said))
    assert slow.comments == quick.comments == running.said
    assert slow.gone == [retracted]
    assert len(slow.frames) < len(quick.frames)
    await running.say(1)
    await slow.until(len(running.said))
    assert slow.comments == running.said
    assert room.viewers.counts.caught_up == 1
    assert slow.wire.compressed == (len(slow.frames) - 1 if offers else 0) and quick.wire.compressed == 0
    for viewer in (quick, slow):
        await viewer.wire.hang_up()


async def test_who_stays_behind_is_dropped_and_comes_back_to_all_of_it(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewers_module, "BEHIND_SECONDS", 0.5)
    quick, slow = await Watching.join(running.port), await Watching.join(running.port, small=True)
    room = await running.hub.room("REEF")
    await overwhelm(running, quick, room)
    async with asyncio.timeout(10):
        while not room.viewers.counts.dropped:
            await asyncio.sleep(0.05)
    await running.say(20)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        while True:
            await slow.read()
    last = slow.frames[-1]
    back = await Watching.join(running.port, token=slow.joined["token"], after=last["as_of"], epoch=last["epoch"])
    await back.until(len(running.said) - len(slow.comments))
    assert slow.comments + back.comments == running.said
    for viewer in (quick, slow, back):
        await viewer.wire.hang_up()


async def test_memory_of_a_viewer_who_stopped_is_bounded(running: Running) -> None:
    quick, slow = await Watching.join(running.port), await Watching.join(running.port, small=True)
    room = await running.hub.room("REEF")
    for _ in range(8):
        await running.say(ROUND)
        await quick.until(len(running.said))
    waiting = [session.backlog for session in running.hub.server.eio.sockets.values()]
    assert room.viewers.counts.skipped
    assert max(waiting) < viewers_module.BEHIND_BYTES + 200_000, "one tick's frame above the limit at most"
    for viewer in (quick, slow):
        await viewer.wire.hang_up()
