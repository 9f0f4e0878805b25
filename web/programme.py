"""What organizers do to broadcasts and campaigns: create, open, close. One way for forms and the JSON API.

Each returns what the log acknowledged, or raises Refused with the field that is wrong. A retry of the same
request changes nothing twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Mapping
from datetime import date
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiohttp import web
from redis.asyncio import Redis

from streamhub.campaign import CampaignModule
from streamhub.campaign_facts import CampaignClosed, CampaignCreated, CampaignOpened
from streamhub.commands import CreateBroadcast, CreateCampaign, ListWord, Refused, UnlistWord, decode, refuse
from streamhub.facts import BroadcastClosed, BroadcastCreated, BroadcastOpened, Fact
from streamhub.live import policies
from streamhub.live.admission import Person
from streamhub.record import directory
from streamhub.record.log import Appended, Log, NotRecorded, broadcast_log, campaign_log
from streamhub.wire import Accepted
from web import keys
from web.stages import checked

_T = TypeVar("_T")
WordAct = Literal["list_word", "unlist_word"]
WORD_ACTS: Mapping[str, type[ListWord | UnlistWord]] = {"list_word": ListWord, "unlist_word": UnlistWord}

STARTS_AT_LIMIT = 4_102_444_800_000
"""2100-01-01: a start beyond it is a mistyped number."""


async def create_broadcast(store: Redis, by: str, command: CreateBroadcast) -> Accepted:
    if not command.title.strip():
        raise refuse("invalid", "a broadcast needs a title", field="title", limit=">= 1")
    if command.starts_at is not None and not 0 <= command.starts_at < STARTS_AT_LIMIT:
        raise refuse("invalid", "the start is not a time we know", field="starts_at", limit="Unix milliseconds")
    for campaign in command.campaigns:
        if not await directory.campaign_exists(store, campaign):
            raise refuse("invalid", f"there is no campaign {campaign}", field="campaigns")
    fact = BroadcastCreated(
        code=command.code,
        title=command.title.strip(),
        by=by,
        starts_at=command.starts_at,
        stage=checked(command.stage),
        campaigns=command.campaigns,
        simulated=command.simulated,
    )
    done = await _kept(directory.create_broadcast(store, fact))
    return await _created(broadcast_log(store, fact.code), done, fact, "code")


async def create_campaign(
    store: Redis, modules: Mapping[str, CampaignModule[Any]], by: str, command: CreateCampaign
) -> Accepted:
    if not command.title.strip():
        raise refuse("invalid", "a campaign needs a title", field="title", limit=">= 1")
    if command.module not in modules:
        raise refuse("invalid", "there is no such kind of campaign", field="module", limit=", ".join(sorted(modules)))
    if _day(command.starts_on, "starts_on") > _day(command.ends_on, "ends_on"):
        raise refuse("invalid", "the last day is before the first", field="ends_on", limit=f">= {command.starts_on}")
    zone(command.timezone)
    fact = CampaignCreated(
        id=command.id,
        module=command.module,
        title=command.title.strip(),
        by=by,
        starts_on=command.starts_on,
        ends_on=command.ends_on,
        timezone=command.timezone,
        simulated=command.simulated,
    )
    done = await _kept(directory.create_campaign(store, fact))
    return await _created(campaign_log(store, fact.id), done, fact, "id")


async def _created(log: Log, done: Appended, fact: Any, field: str) -> Accepted:
    """A code that was taken by the same request is a retry; by another, a conflict."""
    if not done.fresh:
        there = (await log.read(count=1))[0].fact
        if there != fact:
            raise refuse("conflict", f"{getattr(fact, field)} is taken: choose another", field=field)
    return Accepted(id=done.id, repeated=not done.fresh)


async def set_broadcast_open(app: web.Application, by: str, code: str, opening: bool) -> Accepted:
    """Open or close; two who press at once make one fact, because both name the change that they saw last."""
    room = await app[keys.HUB].room(code)
    _change(room.state.details.status, opening)
    fact = BroadcastOpened(by=by) if opening else BroadcastClosed(by=by)
    if opening:
        await _kept(directory.put_live(app[keys.STORE], code))
    done = await _kept(broadcast_log(app[keys.STORE], code).append(fact, once=f"status:{room.state.details.changed}"))
    await room.reached(done.id)
    return _accepted(done)


async def set_campaign_open(app: web.Application, by: str, name: str, opening: bool) -> Accepted:
    live = await app[keys.HUB].campaign(name)
    _change(live.status, opening)
    fact = CampaignOpened(by=by) if opening else CampaignClosed(by=by)
    done = await _kept(campaign_log(app[keys.STORE], name).append(fact, once=f"status:{live.as_of}"))
    await live.reached(done.id)
    return _accepted(done)


async def change_campaign_word(app: web.Application, person: Person, name: str, act: WordAct, fields: Any) -> Accepted:
    """List a word for every broadcast of a campaign, or take it off; as hosts do it for one broadcast."""
    command = decode(WORD_ACTS[act], fields)
    live = await app[keys.HUB].campaign(name)
    log, once = campaign_log(app[keys.STORE], name, live.module.facts), f"{person.viewer}:{command.once}"
    try:
        if isinstance(command, ListWord):
            fact: Fact = policies.listed(live.policy.words, command, person.actor)
        else:
            fact = policies.unlisted(live.policy.words, command, person.actor)
    except Refused:
        if earlier := await log.known(once):  # a retry of what was accepted is not refused afterwards
            return Accepted(id=earlier, repeated=True)
        raise
    done = await _kept(log.append(fact, once=once))
    with contextlib.suppress(TimeoutError):  # recorded all the same; only the next page may lag
        await live.reached(done.id)
    return _accepted(done)


async def _kept(appending: Awaitable[_T]) -> _T:
    try:
        return await appending
    except NotRecorded as error:
        raise refuse("unavailable", error.advice) from None


def _change(status: str, opening: bool) -> None:
    if opening and status == "open":
        raise refuse("conflict", "it is open already")
    if not opening and status != "open":
        raise refuse("conflict", "it is closed already" if status == "closed" else "it has not been opened yet")


def _accepted(done: Appended) -> Accepted:
    return Accepted(id=done.id, repeated=not done.fresh)


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name; raises Refused naming `timezone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refuse("invalid", "there is no such time zone", field="timezone", limit="such as Asia/Shanghai") from None


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse("invalid", "there is no such day", field=field, limit="YYYY-MM-DD") from None
