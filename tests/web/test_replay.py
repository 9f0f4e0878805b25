"""The player over real sockets, a real hub and a real Valkey: what it does when things do not go smoothly."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from streamhub.facts import BroadcastClosed, BroadcastCreated, BroadcastOpened, CommentSubmitted
from streamhub.live.admission import Signer
from streamhub.live.hub import Hub
from streamhub.record.directory import create_broadcast
from streamhub.record.log import Log, broadcast_log
from streamhub.record.store import EmbeddedValkey, connect, connect_follower
from web.replaying import player as playing
from web.replaying.player import Player, Stopped
from web.replaying.recording import Said
from web.replaying.room import Room

SIGNER = Signer("secret of the tests")


class Reef:
    """One open broadcast on one hub."""

    def __init__(self, server: TestServer, hub: Hub, log: Log) -> None:
        self.url = str(server.make_url("/")).rstrip("/")
        self.hub = hub
        self.log = log

    def room(self, *, signed: bool = True, seats: int = 4) -> Room:
        return Room(self.url, "REEF", SIGNER if signed else None, seats)

    async def said(self) -> list[CommentSubmitted]:
        return [entry.fact async for entry in self.log.all() if isinstance(entry.fact, CommentSubmitted)]


@pytest.fixture
async def reef(valkey: EmbeddedValkey, store: Redis) -> AsyncIterator[Reef]:
    follower, hub_store = connect_follower(valkey.url), connect(valkey.url)
    hub = Hub(store=hub_store, follower=follower, signer=SIGNER, modules={}, notes={})
    app = web.Application()
    hub.server.attach(app)
    server = TestServer(app)
    await server.start_server()
    await hub.open()
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    log = broadcast_log(store, "REEF")
    await log.append(BroadcastOpened(by="organizer"), once="open")
    yield Reef(server, hub, log)
    await hub.close()
    await server.close()
    await follower.aclose()
    await hub_store.aclose()


def evening(people: int, each: int = 1, seconds: float = 0.0) -> list[Said]:
    """`each` comments of everybody, spread over so many seconds."""
    count = people * each
    return [
        Said(line=n + 1, t=seconds * n / count, user=f"user{n % people}", text=f"comment {n}") for n in range(count)
    ]


async def test_many_people_share_few_seats_and_each_stays_one_viewer(reef: Reef) -> None:
    async with reef.room(seats=3) as room:
        player = Player(room, evening(people=20, each=3), speed=0, series="a")
        await player.play()
        assert len(room._seats) <= 3
    said = await reef.said()
    assert sorted(fact.text for fact in said) == sorted(f"comment {n}" for n in range(60))
    assert Counter(Counter(fact.viewer for fact in said).values()) == {3: 20}
    assert all(fact.simulated and fact.via == "replay" for fact in said)
    assert (player.sent, player.accepted, len(player.viewers), len(player.ids)) == (60, 60, 20, 60)


async def test_what_one_person_says_keeps_its_order(reef: Reef) -> None:
    async with reef.room() as room:
        await Player(room, evening(people=1, each=5), speed=0, series="a").play()
    assert [fact.text for fact in await reef.said()] == [f"comment {n}" for n in range(5)]


async def test_a_refusal_that_names_a_time_is_waited_for(reef: Reef) -> None:
    async with reef.room() as room:
        player = Player(room, evening(people=1, each=7), speed=0, series="a")
        began = time.monotonic()
        await player.play()
    assert time.monotonic() - began > 3  # five at once, then one every two seconds
    assert (player.accepted, player.refused) == (7, [])


async def test_a_refusal_for_good_is_counted_by_line_and_the_rest_goes_on(reef: Reef) -> None:
    said = [*evening(people=2), Said(line=9, t=0, user="user0", text="x" * 201), Said(line=10, t=0, user="b", text="y")]
    async with reef.room() as room:
        player = Player(room, said, speed=0, series="a")
        await player.play()
    assert [(each.line, each.why) for each in player.refused] == [(9, "text: must have at most 200 characters.")]
    assert (player.sent, player.accepted) == (4, 3)


async def test_the_same_replay_again_says_nothing_twice(reef: Reef) -> None:
    for series, repeated in (("a", 0), ("a", 4), ("b", 0)):
        async with reef.room() as room:
            player = Player(room, evening(people=4), speed=0, series=series)
            await player.play()
        assert (player.accepted, player.repeated) == (4, repeated)
    assert len(await reef.said()) == 8


async def test_connections_that_are_cut_lose_and_double_nothing(reef: Reef) -> None:
    async def cut() -> None:
        while True:
            await asyncio.sleep(0.03)
            for sid in list(reef.hub._people):
                await reef.hub.server.disconnect(sid)

    async with reef.room() as room:
        player = Player(room, evening(people=30, each=2, seconds=0.6), speed=1, series="a")
        cutting = asyncio.create_task(cut())
        playing_on = asyncio.create_task(player.play())
        await asyncio.sleep(0.8)
        cutting.cancel()
        await playing_on
    texts = Counter(fact.text for fact in await reef.said())
    assert texts == Counter(f"comment {n}" for n in range(60))


async def test_comments_come_at_their_time(reef: Reef) -> None:
    at: list[float] = []

    async def note(said: Said, _: str) -> None:
        at.append(time.monotonic())

    async with reef.room() as room:
        said = [Said(line=n, t=100 + n, user=f"u{n}", text="x") for n in range(5)]
        player = Player(room, said, speed=10, series="a")
        player.on_accepted = note
        began = time.monotonic()
        await player.play()
    assert [round(when - began, 1) for when in at] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.15)


async def test_it_stops_when_asked_and_when_the_broadcast_closes(reef: Reef) -> None:
    async with reef.room() as room:
        player = Player(room, evening(people=50, seconds=100), speed=1, series="a")
        asyncio.get_running_loop().call_later(0.3, player.stop)
        await player.play()
        assert (player.interrupted, player.settled < 50) == (True, True)

        await reef.log.append(BroadcastClosed(by="organizer"), once="close")
        player = Player(room, evening(people=5, seconds=1), speed=1, series="b")
        with pytest.raises(Stopped, match="takes no comments any more"):
            await player.play()


async def test_nobody_there_is_said_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "PATIENCE", 0.5)
    async with Room("http://127.0.0.1:9", "REEF", SIGNER) as room:
        with pytest.raises(Stopped, match="not accepted anything"):
            await Player(room, evening(people=3), speed=0, series="a").play()


async def test_without_a_secret_each_person_is_a_stranger_that_comes_back(reef: Reef) -> None:
    async with reef.room(signed=False, seats=2) as room:
        await Player(room, evening(people=5, each=2), speed=0, series="a").play()
    said = await reef.said()
    assert Counter(Counter(fact.viewer for fact in said).values()) == {2: 5}
    assert not any(fact.simulated for fact in said)
