"""The board worker on a real Valkey: what the boards show is what the log says, whoever dies on the way."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from campaigns import travel
from campaigns.travel.facts import TripLogged, TripReviewed, TripWithdrawn
from campaigns.travel.state import TravelState
from streamhub.record import boards
from streamhub.record.boards import BoardReading, cursor, read_boards, run
from streamhub.record.directory import create_campaign
from streamhub.record.log import Log, campaign_key, campaign_log
from streamhub.record.store import EmbeddedValkey, connect
from streamhub.state.projection import START, Entry, position
from tests.campaigns.trips import CREATED, OPENED, trip

SOON = 5.0
"""Seconds within which the boards have to have caught up on a busy machine."""


async def campaign(store: Redis, name: str = "WEEK", module: str = "travel") -> Log:
    created = msgspec.structs.replace(CREATED, id=name, module=module)
    await create_campaign(store, created)
    log = campaign_log(store, name, travel.module.facts)
    await log.append(OPENED, once="opened")
    return log


@asynccontextmanager
async def worker(url: str, module: Any = travel.module) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run(url, [module], stop=stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, SOON)


@asynccontextmanager
async def worker_process(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.streamhub.board_worker", url)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def reached(store: Redis, entry_id: str, name: str = "WEEK", seconds: float = SOON) -> None:
    async with asyncio.timeout(seconds):
        while position(await cursor(store, name)) < position(entry_id):  # another process writes it
            await asyncio.sleep(0.01)


async def refolded(store: Redis, name: str = "WEEK") -> TravelState:
    state = travel.module.initial()
    async for entry in campaign_log(store, name, travel.module.facts).all():
        travel.module.evolve(state, entry)
    return state


async def assert_boards_say_what_the_log_says(store: Redis, name: str = "WEEK") -> BoardReading:
    state = await refolded(store, name)
    reading = await read_boards(store, name, travel.module, rows=0)
    assert reading.as_of == state.as_of
    assert reading.figures == tuple(travel.module.figures(state))
    for board, scores in travel.module.scores(state, set(state.teams)).items():
        kept = dict(await store.zrange(campaign_key(name, f"board:{board}"), 0, -1, withscores=True))
        assert {member.decode(): score for member, score in kept.items()} == {
            member: score for member, score in scores.items() if score > 0
        }
    return reading


async def log_trips(log: Log, count: int, start: int = 0, pause: float = 0) -> str:
    """Trips of forty people in four teams, some doubtful, some reviewed or taken back; the last entry's id."""
    last = START
    for number in range(start, start + count):
        person = f"v-{number % 40}"
        fact = trip(
            person=person,
            team=f"team {number % 4}",
            km=1 + number % 97 / 10,
            date=f"2026-11-{11 + number % 12}",
            review=("speed",) if number % 7 == 0 else (),
        )
        last = (await log.append(fact, once=f"trip:{number}")).id
        if number % 14 == 0:
            last = (await log.append(TripReviewed(trip=last, accepted=True, by="h-1"), once=f"review:{number}")).id
        elif number % 11 == 0:
            last = (await log.append(TripWithdrawn(trip=last, by=person), once=f"back:{number}")).id
        await asyncio.sleep(pause)
    return last


async def test_a_trip_is_on_the_board_in_well_under_a_second(valkey: EmbeddedValkey, store: Redis) -> None:
    log = await campaign(store)
    async with worker(valkey.url):
        await reached(store, await log.last_id())
        took = []
        for number in range(10):
            begun = time.monotonic()
            done = await log.append(trip(km=1.0 + number, person=f"v-{number}"), once=str(number))
            await reached(store, done.id)
            took.append(time.monotonic() - begun)
        assert sorted(took)[len(took) // 2] < 0.5, took
        reading = await assert_boards_say_what_the_log_says(store)
    [row] = reading.rankings["km"]
    assert (row.rank, row.member, row.values["km"], row.values["people"]) == (1, "Reef", 55.0, 10)


async def test_a_campaign_made_while_the_worker_runs_is_followed(valkey: EmbeddedValkey, store: Redis) -> None:
    async with worker(valkey.url):
        await asyncio.sleep(0.05)
        for name in ("WEEK", "WEEK-2"):
            log = await campaign(store, name)
            await reached(store, await log_trips(log, 5), name)
            await assert_boards_say_what_the_log_says(store, name)


async def test_rankings_share_ranks_name_every_column_and_include_who_is_asked_for(
    valkey: EmbeddedValkey, store: Redis
) -> None:
    log = await campaign(store)
    for number, (team, km) in enumerate([("Kelp", 5.0), ("Reef", 9.0), ("Coral", 5.0), ("Sand", 2.0), ("三班", 1.0)]):
        last = (await log.append(trip(team=team, km=km, person=f"v-{number}"), once=team)).id
    async with worker(valkey.url):
        await reached(store, last)
    whole = await read_boards(store, "WEEK", travel.module)
    assert set(whole.rankings) == {"km", "km_per_head"}
    assert [(row.rank, row.member) for row in whole.rankings["km"]] == [
        (1, "Reef"), (2, "Coral"), (2, "Kelp"), (4, "Sand"), (5, "三班"),
    ]  # fmt: skip
    assert set(whole.rankings["km"][0].values) == {board.name for board in travel.module.boards}
    short = await read_boards(store, "WEEK", travel.module, rows=1, also=["三班", "nobody"])
    assert [(row.rank, row.member) for row in short.rankings["km"]] == [(1, "Reef"), (5, "三班")]


async def test_boards_of_a_campaign_without_any_are_empty(store: Redis) -> None:
    assert await read_boards(store, "NONE", travel.module) == BoardReading(START, {"km": (), "km_per_head": ()}, ())
    assert await cursor(store, "NONE") == START


async def test_a_team_without_trips_leaves_the_board(valkey: EmbeddedValkey, store: Redis) -> None:
    log = await campaign(store)
    logged = await log.append(trip(), once="trip")
    async with worker(valkey.url):
        await reached(store, logged.id)
        taken_back = await log.append(TripWithdrawn(trip=logged.id, by="v-ann"), once="back")
        await reached(store, taken_back.id)
    assert (await assert_boards_say_what_the_log_says(store)).rankings["km"] == ()


async def test_killed_workers_are_replaced_and_nothing_is_lost_or_counted_twice(
    valkey: EmbeddedValkey, store: Redis
) -> None:
    log = await campaign(store)
    await log_trips(log, 300)
    writing = asyncio.create_task(log_trips(log, 600, start=300, pause=0.005))
    for number in range(3):
        async with worker_process(valkey.url) as process:
            done = await log.append(trip(km=33.0 + number), once=f"now:{number}")
            await reached(store, done.id, seconds=30)
            process.send_signal(signal.SIGKILL)
    await writing
    last = await log_trips(log, 20, start=900)
    assert position(await cursor(store, "WEEK")) < position(last), "nobody is there to write"
    async with worker_process(valkey.url):
        await reached(store, last, seconds=30)
    await assert_boards_say_what_the_log_says(store)


async def test_two_workers_at_once_agree_and_one_may_die(valkey: EmbeddedValkey, store: Redis) -> None:
    log = await campaign(store)
    async with worker(valkey.url), worker_process(valkey.url) as process:
        await reached(store, await log_trips(log, 150))
        seen = [await assert_boards_say_what_the_log_says(store)]
        process.send_signal(signal.SIGKILL)
        await reached(store, await log_trips(log, 50, start=150))
        seen.append(await assert_boards_say_what_the_log_says(store))
    assert position(seen[0].as_of) < position(seen[1].as_of)


async def test_at_every_moment_the_boards_fit_the_position_that_they_name(valkey: EmbeddedValkey, store: Redis) -> None:
    """Read while two workers write: each reading equals the log folded up to that reading's own position."""
    log = await campaign(store)
    async with worker(valkey.url), worker(valkey.url):
        writing = asyncio.create_task(log_trips(log, 300, pause=0.002))
        readings = []
        while not writing.done():
            readings.append(await read_boards(store, "WEEK", travel.module, rows=0))
            await asyncio.sleep(0.01)
        await reached(store, await writing)
    entries = [entry async for entry in log.all()]
    for reading in {reading.as_of: reading for reading in readings}.values():
        state = travel.module.initial()
        for entry in entries:
            if position(entry.id) <= position(reading.as_of):
                travel.module.evolve(state, entry)
        km = travel.module.scores(state, set(state.teams))["km"] if reading.as_of != START else {}
        assert {row.member: row.values["km"] for row in reading.rankings["km"]} == {t: v for t, v in km.items() if v}
    shown = [position(reading.as_of) for reading in readings]
    assert shown == sorted(shown)
    assert len(set(shown)) > 3


async def test_deleted_boards_are_written_again_from_the_log(
    valkey: EmbeddedValkey, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "WAIT_MS", 100)
    log = await campaign(store)
    last = await log_trips(log, 60)
    kept = [campaign_key("WEEK", "boards"), *(campaign_key("WEEK", f"board:{b.name}") for b in travel.module.boards)]
    async with worker(valkey.url):
        await reached(store, last)
        await store.delete(*kept)
        await reached(store, last)
        await assert_boards_say_what_the_log_says(store)
        await store.delete(*kept)
        await reached(store, await log_trips(log, 3, start=60))
        await assert_boards_say_what_the_log_says(store)


async def test_what_does_not_belong_on_a_board_goes_when_a_worker_starts(valkey: EmbeddedValkey, store: Redis) -> None:
    last = await log_trips(await campaign(store), 10)
    await store.zadd(campaign_key("WEEK", "board:km"), {"ghost": 999})
    async with worker(valkey.url):
        await reached(store, last)
    await assert_boards_say_what_the_log_says(store)


@pytest.mark.parametrize(
    ("position_", "since", "answer", "kept"),
    [
        ("99-12", "99-10", b"written", 7.0),  # goes on from where the boards are, or from before
        ("99-10", "99-2", b"written", 7.0),  # the same again: an answer that was lost
        ("99-9", "99-2", b"older", 5.0),  # "99-9" is earlier than "99-10", though not as text
        ("99-9", "", b"older", 5.0),
        ("100-3", "100-2", b"behind", 5.0),  # would leave a gap between 99-10 and 100-2
        ("100-3", "", b"written", 7.0),
    ],
)
async def test_a_write_never_goes_back_and_never_leaves_a_gap(
    store: Redis, position_: str, since: str, answer: bytes, kept: float
) -> None:
    write = store.register_script(files("streamhub.record").joinpath("boards_write.lua").read_text("utf-8"))
    keys = ["{c:WEEK}:boards", "{c:WEEK}:board:km"]
    assert await write(keys=keys, args=["99-10", "", "[]", 1, "Reef", "5.0"]) == b"written"
    assert await write(keys=keys, args=[position_, since, "[]", 1, "Reef", "7.0"]) == answer
    assert await store.zscore("{c:WEEK}:board:km", "Reef") == kept
    assert await cursor(store, "WEEK") == (position_ if answer == b"written" else "99-10")


async def test_the_boards_say_the_same_whether_folded_at_once_or_bit_by_bit(
    valkey: EmbeddedValkey, store: Redis
) -> None:
    log = await campaign(store)
    async with worker(valkey.url):
        await reached(store, await log_trips(log, 80))
        grown = await read_boards(store, "WEEK", travel.module, rows=0)
    async with worker(valkey.url):
        await asyncio.sleep(0.3)
        assert await read_boards(store, "WEEK", travel.module, rows=0) == grown


async def test_an_entry_of_a_later_version_is_passed(valkey: EmbeddedValkey, store: Redis) -> None:
    log = await campaign(store)
    await log.append(trip(), once="1")
    odd = await store.xadd(log.key, {"f": '{"type":"from_the_future"}'})
    async with worker(valkey.url):
        await reached(store, odd.decode())
        done = await log.append(trip(person="v-bob"), once="2")
        await reached(store, done.id)
        reading = await read_boards(store, "WEEK", travel.module)
    assert reading.rankings["km"][0].values["people"] == 2


class Failing(travel.Travel):
    """A module with a mistake in one campaign."""

    def evolve(self, state: TravelState, entry: Entry) -> Collection[str]:
        if isinstance(entry.fact, TripLogged) and entry.fact.team == "broken":
            raise ZeroDivisionError
        return super().evolve(state, entry)


async def test_a_module_s_mistake_and_an_unknown_module_stop_no_other_campaign(
    valkey: EmbeddedValkey, store: Redis
) -> None:
    await (await campaign(store, "BROKEN")).append(trip(team="broken"), once="1")
    await campaign(store, "OTHER", module="not-here")
    log = await campaign(store)
    async with worker(valkey.url, Failing()):
        await reached(store, await log_trips(log, 5))
    assert await cursor(store, "BROKEN") == START
    assert await cursor(store, "OTHER") == START


async def test_a_worker_ends_at_once_whatever_it_is_at(valkey: EmbeddedValkey, store: Redis) -> None:
    await log_trips(await campaign(store), 5)
    for moment in range(24):
        begun = time.monotonic()
        async with worker(valkey.url):
            await asyncio.sleep(moment * 0.002)
        assert time.monotonic() - begun < 2.0


async def test_an_unreachable_store_is_waited_for(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    async with worker(server.url):
        await asyncio.sleep(0.2)
        server.start()
        try:
            await server.ready()
            async with connect(server.url) as store:
                log = await campaign(store)
                await reached(store, (await log.append(trip(), once="1")).id)
            server.stop()
            await asyncio.sleep(0.3)
            server.start()
            await server.ready()
            async with connect(server.url) as store:
                log = campaign_log(store, "WEEK", travel.module.facts)
                await reached(store, (await log.append(trip(person="v-bob"), once="2")).id, seconds=15)
                reading = await assert_boards_say_what_the_log_says(store)
            assert reading.rankings["km"][0].values["people"] == 2
        finally:
            server.stop()
