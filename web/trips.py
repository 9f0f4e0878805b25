"""Trips as organizers handle them: a file recorded row by row, each once; the doubtful ones listed for review.

Called by the JSON API and the organizer's page. What a row says and which `once` it gets is the campaign
module's business (`campaigns/travel/importing.py`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis

from campaigns.travel import module as travel
from campaigns.travel import texts
from campaigns.travel.importing import ImportedTrip, LineError, parse, text_of
from streamhub.commands import Refused, refuse
from streamhub.live.campaigns import LiveCampaign
from streamhub.record.log import Log, NotRecorded, campaign_log
from streamhub.state.projection import position

BYTES_LIMIT = 2 * 1024 * 1024
TOGETHER = 200
"""Rows appended at once; the next ones are decided after these are in the state."""

ERRORS_LIMIT = 500
"""Errors told one by one; `more_errors` counts the rest."""


class Imported(msgspec.Struct, kw_only=True):
    """`accepted` were recorded now (`review` of them wait for a person), `repeated` had been recorded before."""

    ok: bool = True
    accepted: int = 0
    repeated: int = 0
    review: int = 0
    errors: list[dict[str, Any]] = []
    more_errors: int = 0

    def add(self, line: int, field: str, message: str, limit: str) -> None:
        if len(self.errors) >= ERRORS_LIMIT:
            self.more_errors += 1
        else:
            self.errors.append({"line": line, "field": field, "message": message, "limit": limit})


def doubtful(live: LiveCampaign, language: str) -> list[dict[str, Any]]:
    """Trips that wait for a person, oldest first, in the reader's words; empty for other modules."""
    if live.module.name != travel.name:
        return []
    word = 0 if language == "zh_CN" else 1
    return [
        {
            **trip,
            "mode": texts.MODES[trip["mode"]][word],
            "team": trip["team"] or texts.TEAMS[texts.OPEN_TEAM][word],
            "reasons": [reason[("zh", "en")[word]] for reason in trip["reasons"]],
        }
        for trip in travel.to_review(live.state)
    ]


async def record(store: Redis, live: LiveCampaign, raw: bytes) -> Imported:
    """Raises Refused if the campaign takes no trips at all, or the store does not answer: then send it again.

    Trips of one person and day bear on each other's plausibility: they come in different waves, the others together."""
    if live.module.name != travel.name:
        raise refuse("invalid", "only travel campaigns take a file of trips", field="module", limit=travel.name)
    if live.status != "open":
        raise refuse("closed", f"the campaign is {live.status}, not open")
    done = Imported()
    log = campaign_log(store, live.created.id, live.module.facts)
    waves: list[list[ImportedTrip]] = []
    same_day: Counter[tuple[str, str]] = Counter()
    for row in await asyncio.to_thread(lambda: list(parse(text_of(raw)))):
        if isinstance(row, LineError):
            done.add(row.line, row.field, row.message, row.limit)
            continue
        wave = same_day[row.actor.person, row.act.date]
        same_day[row.actor.person, row.act.date] += 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(row)
    for rows in waves:
        for start in range(0, len(rows), TOGETHER):
            await _append(live, log, rows[start : start + TOGETHER], done)
    done.errors.sort(key=lambda error: error["line"])
    return done


async def _append(live: LiveCampaign, log: Log, rows: list[ImportedTrip], done: Imported) -> None:
    """Decide and append rows of which none bears on another."""
    decided: list[tuple[ImportedTrip, Sequence[Any]]] = []
    for row in rows:
        try:
            decided.append((row, live.decide(row.act, row.actor)))
        except Refused as refused:
            if await log.known(row.once):  # what was recorded once is not an error when the file is sent again
                done.repeated += 1
            else:
                done.add(row.line, refused.refusal.field, refused.refusal.message, refused.refusal.limit)
    try:
        kept = await asyncio.gather(*(log.append(*facts, once=row.once) for row, facts in decided))
        if kept:
            await live.reached(max((one.id for one in kept), key=position))
    except (NotRecorded, TimeoutError):
        raise refuse("unavailable", "not all rows could be recorded: send the file again") from None
    for (_, facts), one in zip(decided, kept, strict=True):
        done.accepted += one.fresh
        done.repeated += not one.fresh
        done.review += bool(one.fresh and any(getattr(fact, "review", ()) for fact in facts))
