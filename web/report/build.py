"""The report of one broadcast: archive the logs, ask the SQL files, shape the answers.

Called by the page, the exports and `streamhub report`. Store work runs on the loop, DuckDB in a thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from streamhub.campaign_facts import CampaignFact
from streamhub.record.archive import archive_broadcast, archive_campaign, archive_of_campaign
from streamhub.record.log import campaign_log
from web.report import shape
from web.report.archive_base import ArchiveBase, archive_base
from web.report.campaigns import Modules, campaign_part
from web.report.timeline import Bins, timeline

QUESTIONS_LISTED = 200
CLAIMS_LISTED = 20
TIMEZONE = "Asia/Shanghai"
"""Where neither the caller nor a campaign names one (it is also a campaign's default)."""


async def build_report(
    store: Redis,
    code: str,
    *,
    data: Path,
    modules: Modules,
    now: int | None = None,
    timezone: str | None = None,
) -> shape.Report:
    """Everything up to the end of the log as it is now. `data` is the archive folder, `now` Unix ms.

    An unknown code gives an empty report: whoever calls decides whether that is an error."""
    path = await archive_broadcast(store, code, data)
    named = await asyncio.to_thread(_campaigns_of, path)
    paths = {name: found for name in named if (found := await _campaign_archive(store, name, data, modules))}
    moment = time.time_ns() // 1_000_000 if now is None else now
    return await asyncio.to_thread(_report, code, path, paths, modules, moment, timezone)


def _campaigns_of(path: Path) -> list[str]:
    with archive_base() as base:
        base.open(path, "facts")
        return list(base.row("broadcast")["campaigns"])


async def _campaign_archive(store: Redis, campaign: str, data: Path, modules: Modules) -> Path | None:
    """The campaign's archive, brought up to now; None for a campaign that never was."""
    first = await campaign_log(store, campaign).read(count=1)
    if not first and not await asyncio.to_thread(archive_of_campaign(data, campaign).exists):
        return None
    module = modules.get(getattr(first[0].fact, "module", "")) if first else None
    return await archive_campaign(store, campaign, module.facts if module else CampaignFact, data)


def _report(
    code: str, path: Path, campaigns: Mapping[str, Path], modules: Modules, now: int, timezone: str | None
) -> shape.Report:
    with archive_base() as base:
        as_of = base.open(path, "facts")
        base.run("views")
        parts = tuple(campaign_part(base, name, found, modules) for name, found in campaigns.items())
        zone = zone_of(timezone or next((part.timezone for part in parts if part.timezone), TIMEZONE))
        about = base.row("broadcast")
        closed_at = about["closed_at"] if about["status"] == "closed" else None
        start, end = _period(about["opened_at"], closed_at, about["first_at"], about["last_at"])
        return shape.Report(
            code=code,
            title=about["title"],
            status=about["status"],
            simulated=about["simulated"],
            generated_at=now,
            as_of=as_of,
            timezone=zone.key,
            start=start,
            end=end,
            opened_at=about["opened_at"],
            closed_at=closed_at,
            people=shape.People(**base.row("people")),
            comments=_comments(base),
            timeline=_timeline(base, start, end, zone),
            questions=_questions(base),
            moderation=_moderation(base),
            claims=tuple(shape.Claim(**row) for row in base.rows("claims", limit=CLAIMS_LISTED)),
            campaigns=parts,
        )


def _period(
    opened: int | None, closed: int | None, first: int | None, last: int | None
) -> tuple[int | None, int | None]:
    """From the first to the last of opening, closing and what people did."""
    known = [at for at in (opened, closed, first, last) if at is not None]
    return (min(known), max(known)) if known else (None, None)


def _comments(base: ArchiveBase) -> shape.Comments:
    tallies = {row.pop("simulated"): shape.Tally(**row) for row in base.rows("comments")}
    people, simulated = tallies.get(False, shape.Tally()), tallies.get(True, shape.Tally())
    both = {name: getattr(people, name) + getattr(simulated, name) for name in people.__struct_fields__}
    return shape.Comments(**both, from_people=people, simulated=simulated)


def _timeline(base: ArchiveBase, start: int | None, end: int | None, zone: ZoneInfo) -> shape.Timeline:
    if start is None or end is None:
        return shape.Timeline(minutes=1)
    bins = Bins(start, end, zone)
    return timeline(bins, list(base.rows("timeline", origin=bins.origin, width=bins.width)))


def _questions(base: ArchiveBase) -> shape.Questions:
    def listed(*progress: str) -> tuple[shape.Question, ...]:
        rows = base.rows("questions_listed", progress=list(progress), limit=QUESTIONS_LISTED)
        return tuple(shape.Question(**row) for row in rows)

    return shape.Questions(
        **base.row("questions"),
        answered_list=listed("answered"),
        later_list=listed("later"),
        outstanding_list=listed("waiting", "answering"),
    )


def _moderation(base: ArchiveBase) -> shape.Moderation:
    row = dict(base.row("moderation"))
    machine, people = (
        {name.removeprefix(who): row.pop(name) for name in list(row) if name.startswith(who)}
        for who in ("machine_", "people_")
    )
    return shape.Moderation(
        **row,
        machine=shape.Actions(**machine),
        people=shape.Actions(**people),
        overturn_rate=row["overturned"] / row["reviewed"] if row["reviewed"] else None,
        objections=shape.Objections(**base.row("objections")),
        reasons=tuple(shape.ReasonCount(**reason) for reason in base.rows("reasons")),
    )


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
