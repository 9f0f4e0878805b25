"""The demonstration: what its script holds, and that playing it again doubles nothing."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from streamhub.facts import NICK_LIMIT, TEXT_LIMIT
from tests.running import Running
from web.demo import load
from web.demo.load import HERE, run_demo, script, trips
from web.settings import Settings

LINES = script()


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_the_script_is_an_evening_of_many_voices_in_two_languages() -> None:
    assert len(LINES) >= 320
    assert len({line.user for line in LINES}) >= 90
    assert len({(line.user, line.nick) for line in LINES}) == len({line.user for line in LINES})
    chinese = sum(is_chinese(line.text) for line in LINES)
    assert 0.25 < chinese / len(LINES) < 0.75
    assert sum(line.kind == "question" for line in LINES) >= 25
    times = [line.t for line in LINES]
    assert times == sorted(times)
    assert 20 * 60 < times[-1] < 30 * 60
    minutes = Counter(int(t // 60) for t in times)
    assert max(minutes.values()) > 2 * sorted(minutes.values())[len(minutes) // 2]


def test_the_script_fits_the_rules_and_knows_each_comment_by_nick_and_text() -> None:
    assert all(0 < len(line.text) <= TEXT_LIMIT and 0 < len(line.nick) <= NICK_LIMIT for line in LINES)
    assert len({(line.nick, line.text) for line in LINES}) == len(LINES)
    assert all(line.kind == "question" for line in LINES if line.votes)
    assert not any("host" in line.nick.lower() or "主持" in line.nick for line in LINES)


def test_the_trips_are_of_several_teams_and_days() -> None:
    rows = list(csv.DictReader(io.StringIO((HERE / "trips.csv").read_text("utf-8"))))
    assert len(rows) >= 60
    assert len({row["person"] for row in rows}) >= 20
    assert len({row["team"] for row in rows}) >= 5
    dated = list(csv.DictReader(io.StringIO(trips(date(2026, 12, 30)).decode())))
    assert {row["date"] for row in dated} == {"2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"}


async def play(server: Running, lines: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Play the first lines; the facts by type afterwards."""
    monkeypatch.setattr(load, "script", lambda: LINES[:lines])
    settings = Settings(data=server.data, port=server.port)
    await run_demo(settings, asyncio.Event(), speed=0)
    return Counter(row["fact"]["type"] for row in await server.log("REEF"))


@pytest.mark.timeout(240)
async def test_a_second_run_goes_on_and_doubles_nothing(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    votes = sum(line.votes for line in LINES[:60])
    first = await play(server, 40, monkeypatch)
    assert first["comment_submitted"] == 40
    second = await play(server, 60, monkeypatch)
    third = await play(server, 60, monkeypatch)
    assert second["comment_submitted"] == third["comment_submitted"] == 60
    assert third["question_voted"] == votes > 0
    assert third["broadcast_created"] == third["broadcast_opened"] == 1
    rows = await server.log("REEF")
    said = [row["fact"] for row in rows if row["fact"]["type"] == "comment_submitted"]
    assert all(fact["simulated"] and fact["via"] == "replay" for fact in said)
    campaign = (await server.api("GET", "/api/campaigns/GREENWEEK"))["campaign"]
    assert campaign["simulated"]
    assert len(campaign["rankings"]["km"]) >= 5


async def test_it_leaves_when_told_to(server: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(load, "CODE", "REEF-TWO")
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(1.5, stop.set)
    async with asyncio.timeout(20):
        await run_demo(Settings(data=server.data, port=server.port), stop, speed=1)
    assert 0 < len(await server.log("REEF-TWO")) < 60
