"""What is plausible: limits by mode (`data/limits.csv`), and the doubts that send a trip to a person.

Pure. `doubts_alone` looks at one trip, `doubts_together` at the trips of the same person and day as the log
ordered them; `decide.py` asks both, `state.py` asks the second again, because only the log's order is law.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from campaigns.travel.acts import TEAM_LIMIT
from campaigns.travel.texts import OPEN_TEAM, REFUSALS, TEAMS
from streamhub.commands import RefusalCode, Refused, refuse

TRIPS_PER_DAY = 6
"""European Cycling Challenge 2017, rules 15: entries by hand per person and day; more go to review."""

DUPLICATE_MS = 10 * 60_000
"""Same day, mode and distance, entered within this time: taken for one trip sent twice, until a person has looked."""

SAME_ROWS = 2
"""In an imported file nothing says when a trip was entered: there and back is normal, a third is not."""

ENTRY_DAYS = 7
"""STADTRADELN: late entries are taken for a week."""


class Limit(NamedTuple):
    max_kmh: float
    max_km_trip: float
    max_km_day: float


def _read() -> dict[str, Limit]:
    text = files("campaigns.travel").joinpath("data/limits.csv").read_text("utf-8")
    return {
        row["mode"]: Limit(float(row["max_kmh"]), float(row["max_km_trip"]), float(row["max_km_day"]))
        for row in csv.DictReader(text.splitlines())
    }


LIMITS = _read()


class Known(Protocol):
    """A trip of the same person and day that is already in the log."""

    @property
    def at(self) -> int: ...
    @property
    def mode(self) -> str: ...
    @property
    def metres(self) -> int: ...
    @property
    def status(self) -> str: ...


def doubts_alone(mode: str, metres: int, minutes: int | None) -> list[str]:
    """What is odd about this trip by itself. A limit exactly reached is fine."""
    limit = LIMITS[mode]
    found = []
    if minutes is not None and metres * 60 > limit.max_kmh * minutes * 1000:
        found.append("speed")
    if metres > limit.max_km_trip * 1000:
        found.append("trip_distance")
    return found


def doubts_together(mode: str, metres: int, at: int, imported: bool, same_day: Iterable[Known]) -> list[str]:
    """What is odd about this trip beside the others of that day; those taken back or rejected are forgotten."""
    active = [trip for trip in same_day if trip.status in ("counted", "review")]
    counted = [trip for trip in active if trip.status == "counted"]
    alike = [trip for trip in active if trip.mode == mode and trip.metres == metres]
    found = []
    if sum(trip.metres for trip in counted if trip.mode == mode) + metres > LIMITS[mode].max_km_day * 1000:
        found.append("day_distance")
    if len(counted) >= TRIPS_PER_DAY:
        found.append("many_trips")
    if imported and len(alike) >= SAME_ROWS:
        found.append("duplicate")
    if not imported and any(at - trip.at < DUPLICATE_MS for trip in alike):
        found.append("duplicate")
    return found


def zone(name: str) -> ZoneInfo:
    """UTC where the campaign names a zone that does not exist: a fold never refuses."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def check_day(day: str, *, now: int, timezone: str, starts_on: str, ends_on: str, imported: bool) -> list[str]:
    """Doubts about the day of a trip, or Refused. `now` in Unix ms; days in the campaign's time zone.

    People have `ENTRY_DAYS`; an organizer's file may come later and then waits for review."""
    try:
        made = date.fromisoformat(day)
    except ValueError:
        raise refused("no_such_day", "date") from None
    today = datetime.fromtimestamp(now / 1000, zone(timezone)).date()
    if made > today:
        raise refused("future", "date", f"<= {today}")
    if day < starts_on:
        raise refused("before_start", "date", f">= {starts_on}")
    if day > ends_on:
        raise refused("after_end", "date", f"<= {ends_on}")
    oldest = today - timedelta(days=ENTRY_DAYS)
    if made >= oldest:
        return []
    if imported:
        return ["late"]
    raise refused("too_late", "date", f">= {oldest}")


# Written names are folded to one form first, so these see half-width letters and digits.
_TEAM = re.compile(r"[\w \-.&'#()·]*")
_LONG_NUMBER = re.compile(r"\d{5}")
_LINK = re.compile(r"\w\.[a-z]{2,}", re.IGNORECASE)
_OPEN_NAMES = {OPEN_TEAM, *(name.casefold() for name in TEAMS[OPEN_TEAM])}


def team_name(written: str) -> str:
    """The name as it is kept: one form per spelling, no room for links and numbers to call; "" is the open team."""
    name = " ".join(unicodedata.normalize("NFKC", written).split())
    if len(name) > TEAM_LIMIT:
        raise refused("team_name", "team", f"<= {TEAM_LIMIT}")
    if not _TEAM.fullmatch(name) or _LONG_NUMBER.search(name) or _LINK.search(name):
        raise refused("team_name", "team")
    return "" if name.casefold() in _OPEN_NAMES else name


def refused(key: str, field: str = "", limit: str = "") -> Refused:
    """The refusal of that name in `texts.REFUSALS`, with the field and the limit that it is about."""
    return refuse(_CODES.get(key, "invalid"), REFUSALS[key].en, field=field, limit=limit)


_CODES: dict[str, RefusalCode] = {
    "not_open": "closed",
    "no_such_trip": "unknown",
    "not_yours": "forbidden",
    "hosts_only": "forbidden",
}
