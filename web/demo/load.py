"""Plays the demonstration: a simulated evening at a reef with its low-carbon week, through the real path.

Called by `streamhub serve --demo` beside the running server. What it makes is marked as simulated. On a
restart it goes on from where it stopped: comments and votes carry fixed `once` ids and the log says what
was said. Nobody answers for the host.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import logging
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from streamhub.commands import CreateBroadcast, CreateCampaign
from streamhub.facts import BroadcastFact, CommentKind, CommentSubmitted, QuestionVoted, Stage
from streamhub.live.admission import Grant, Signer
from web.client import Client, Failed
from web.demo.votes import Votes
from web.replaying.player import Player, Stopped
from web.replaying.recording import Said
from web.replaying.room import Room
from web.settings import Settings

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
CODE, CAMPAIGN = "REEF", "GREENWEEK"
TITLE = "珊瑚礁之夜 · An evening at the reef"
CAMPAIGN_TITLE = "低碳出行周 · Low-carbon travel week"
TIMEZONE = "Asia/Shanghai"
DAYS_BEFORE, DAYS_AFTER = 3, 3
SERIES = "demonstration 1"
"""Part of every `once`: raise the number when the script changes, and it is played again."""


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of script.jsonl. `votes`: how many voices will vote for this question."""

    t: float
    user: str
    nick: str
    text: str
    kind: CommentKind = "comment"
    votes: int = 0


def script() -> list[Line]:
    decoder = msgspec.json.Decoder(Line)
    return [decoder.decode(line) for line in (HERE / "script.jsonl").read_text("utf-8").splitlines()]


def trips(first_day: date) -> bytes:
    """trips.csv with dates instead of day numbers, as the import wants them."""
    rows = csv.DictReader(io.StringIO((HERE / "trips.csv").read_text("utf-8")))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("person", "team", "date", "mode", "km", "minutes", "replaces"))
    for row in rows:
        day = str(first_day + timedelta(days=int(row["day"])))
        writer.writerow((row["person"], row["team"], day, row["mode"], row["km"], row["minutes"], row["replaces"]))
    return out.getvalue().encode()


async def run_demo(settings: Settings, stop: asyncio.Event, *, speed: float = 1.0) -> None:
    """Make what is missing, then play until the script ends or `stop` is set. `speed` 0 is as fast as admitted."""
    signer = Signer(settings.secret())
    client = Client(settings.local_url, signer.role_token(Grant(role="organizer", name="demonstration")))
    lines = script()
    try:
        await _prepare(client)
        past = await _past(client)
    except Failed as error:
        log.warning("the demonstration could not be prepared: %s", error)
        return
    async with Room(settings.local_url, CODE, signer) as room:
        votes = Votes(room, sorted({line.user for line in lines}), speed)
        try:
            await _play(room, lines, past, votes, speed, stop)
        except Stopped as error:
            log.info("the demonstration ended early: %s", error)
        finally:
            await votes.close()


async def _play(room: Room, lines: list[Line], past: Past, votes: Votes, speed: float, stop: asyncio.Event) -> None:
    rest = []
    for line, said in zip(lines, as_said(lines), strict=True):
        question = past.said.get((said.shown_nick, said.text))
        if question is None:
            rest.append(said)
        elif past.votes[question] < line.votes:
            votes.want(question, line.user, line.votes)
    player = Player(room, rest, speed=speed, series=SERIES)

    async def accepted(said: Said, question: str) -> None:
        if wanted := lines[said.line - 1].votes:
            votes.want(question, said.user, wanted)

    player.on_accepted = accepted
    stopping = asyncio.create_task(_stop(stop, player, votes))
    try:
        await player.play()
        await votes.finished()
    finally:
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)


async def _stop(stop: asyncio.Event, player: Player, votes: Votes) -> None:
    await stop.wait()
    player.stop()
    await votes.close()


async def _prepare(client: Client) -> None:
    """Broadcast, campaign and trips; each is left as it is where it is there already."""
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    await _make(client, "/api/campaigns", CreateCampaign(
        id=CAMPAIGN, title=CAMPAIGN_TITLE, starts_on=str(today - timedelta(days=DAYS_BEFORE)),
        ends_on=str(today + timedelta(days=DAYS_AFTER)), timezone=TIMEZONE, simulated=True,
    ))  # fmt: skip
    await _make(client, "/api/broadcasts", CreateBroadcast(
        code=CODE, title=TITLE, stage=Stage(kind="demo"), campaigns=(CAMPAIGN,), simulated=True,
    ))  # fmt: skip
    campaign = msgspec.json.decode(await client.get(f"/api/campaigns/{CAMPAIGN}"), type=_Answer).campaign
    if campaign.status == "scheduled":
        await client.post(f"/api/campaigns/{CAMPAIGN}/open")
    if campaign.status != "closed":
        await client.post(f"/api/campaigns/{CAMPAIGN}/import", trips(date.fromisoformat(campaign.starts_on)))
    broadcast = msgspec.json.decode(await client.get(f"/api/broadcasts/{CODE}"), type=_Answer).broadcast
    if broadcast.status == "scheduled":
        await client.post(f"/api/broadcasts/{CODE}/open")


async def _make(client: Client, path: str, command: CreateCampaign | CreateBroadcast) -> None:
    try:
        await client.post(path, command)
    except Failed as error:
        if error.refusal is None or error.refusal.code != "conflict":
            raise


class _Part(msgspec.Struct, frozen=True):
    status: str = ""
    starts_on: str = ""


class _Answer(msgspec.Struct):
    campaign: _Part = _Part()
    broadcast: _Part = _Part()


class _LogLine(msgspec.Struct):
    id: str
    fact: BroadcastFact


class Past(NamedTuple):
    """What an earlier run did: (nick, text) -> log id, and how many voted for each question."""

    said: dict[tuple[str, str], str]
    votes: Counter[str]


async def _past(client: Client) -> Past:
    past = Past({}, Counter())
    decoder = msgspec.json.Decoder(_LogLine)
    async for line in client.lines(f"/api/broadcasts/{CODE}/log"):
        with contextlib.suppress(msgspec.MsgspecError):  # a kind of fact of a newer version
            entry = decoder.decode(line)
            match entry.fact:
                case CommentSubmitted(via="replay") as fact:
                    past.said[fact.nick, fact.text] = entry.id
                case QuestionVoted() as fact:
                    past.votes[fact.question] += 1
    return past


def as_said(lines: list[Line]) -> list[Said]:
    return [
        Said(line=number, t=line.t, user=line.user, text=line.text, kind=line.kind, nick=line.nick)
        for number, line in enumerate(lines, 1)
    ]
