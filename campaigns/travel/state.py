"""The fold of a travel campaign's log: its dates, trips, people and teams, and what is ranked.

Called through the module value by the hub, the board worker and the report. Sums are kept in integers
(metres, milligrams), so counting a trip and taking it back leaves exactly what was there before.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from campaigns.travel import estimate, rules
from campaigns.travel.facts import Mode, Replaced, TripLogged, TripReviewed, TripWithdrawn
from campaigns.travel.texts import OPEN_TEAM
from streamhub.campaign_facts import CampaignClosed, CampaignCreated, CampaignOpened
from streamhub.state.projection import START, Entry, position

Status = Literal["counted", "review", "rejected", "withdrawn"]


class Trip(msgspec.Struct):
    """`low` and `high` in milligrams CO2e. `decision` is the entry of the latest person's decision."""

    id: str
    at: int
    person: str
    nick: str
    team: str
    date: str
    mode: Mode
    metres: int
    minutes: int | None
    replaces: Replaced
    low: int
    high: int
    reasons: tuple[str, ...] = ()
    via: str = "web"
    row: int | None = None
    status: Status = "counted"
    decision: str = ""
    reason: str = ""


class Sum(msgspec.Struct):
    """What counts: `trips_of` maps each person to the number of their counted trips (no zeros)."""

    metres: int = 0
    low: int = 0
    high: int = 0
    trips: int = 0
    trips_of: dict[str, int] = {}


class TravelState(msgspec.Struct):
    as_of: str = START
    id: str = ""
    title: str = ""
    status: Literal["scheduled", "open", "closed"] = "scheduled"
    starts_on: str = ""
    ends_on: str = ""
    timezone: str = "UTC"
    simulated: bool = False
    trips: dict[str, Trip] = {}
    teams: dict[str, Sum] = {}
    """Board member (the name as first spelled, or `OPEN_TEAM`) -> what counts for it."""
    people: dict[str, Sum] = {}
    spelling: dict[str, str] = {}
    """Case-folded team name -> board member."""
    team_of: dict[str, str] = {}
    """Person -> team of their latest trip."""
    trips_of: dict[str, list[str]] = {}
    days: dict[str, list[str]] = {}
    """Person and day -> trips, in the order of the log."""
    in_review: dict[str, bool] = {}


def evolve(state: TravelState, entry: Entry) -> set[str]:
    """Fold one entry in; the teams whose numbers it may have changed. Nothing happens twice."""
    if position(entry.id) <= position(state.as_of):
        return set()
    state.as_of = entry.id
    match entry.fact:
        case CampaignCreated() as fact if not state.id:
            state.id, state.title, state.simulated = fact.id, fact.title, fact.simulated
            state.starts_on, state.ends_on, state.timezone = fact.starts_on, fact.ends_on, fact.timezone
        case CampaignOpened():
            state.status = "open"
        case CampaignClosed():
            state.status = "closed"
        case TripLogged() as fact:
            return _logged(state, entry, fact)
        case TripReviewed() as fact:
            return _reviewed(state, entry, fact)
        case TripWithdrawn() as fact:
            found = state.trips.get(fact.trip)
            if found is not None and found.person == fact.by:
                return _settle(state, found, "withdrawn")
        case _:
            pass
    return set()


def _logged(state: TravelState, entry: Entry, fact: TripLogged) -> set[str]:
    metres = round(fact.km * 1000)
    day = state.days.setdefault(day_key(fact.person, fact.date), [])
    late = ["after_close"] if state.status != "open" else []
    beside = rules.doubts_together(
        fact.mode, metres, entry.at, fact.via == "import", (state.trips[trip] for trip in day)
    )
    low, high = estimate.avoided(fact.mode, metres, fact.replaces)
    trip = Trip(
        id=entry.id, at=entry.at, person=fact.person, nick=fact.nick, team=_member(state, fact.team),
        date=fact.date, mode=fact.mode, metres=metres, minutes=fact.minutes, replaces=fact.replaces,
        low=low, high=high, reasons=tuple(dict.fromkeys([*fact.review, *beside, *late])),
        via=fact.via, row=fact.row, status="withdrawn",
    )  # fmt: skip
    state.trips[trip.id] = trip
    state.trips_of.setdefault(trip.person, []).append(trip.id)
    state.team_of[trip.person] = trip.team
    day.append(trip.id)
    return _settle(state, trip, "review" if trip.reasons else "counted")


def _reviewed(state: TravelState, entry: Entry, fact: TripReviewed) -> set[str]:
    found = state.trips.get(fact.trip)
    if found is None or found.status == "withdrawn":
        return set()
    found.decision, found.reason = entry.id, fact.reason
    return _settle(state, found, "counted" if fact.accepted else "rejected")


def day_key(person: str, day: str) -> str:
    return f"{day} {person}"


def _member(state: TravelState, team: str) -> str:
    return state.spelling.setdefault(team.casefold(), team) if team else OPEN_TEAM


def _settle(state: TravelState, trip: Trip, status: Status) -> set[str]:
    """Move a trip to a status and keep the sums with it."""
    before, trip.status = trip.status, status
    state.in_review.pop(trip.id, None)
    if status == "review":
        state.in_review[trip.id] = True
    change = (status == "counted") - (before == "counted")
    if not change:
        return set()
    for sums, key in ((state.teams, trip.team), (state.people, trip.person)):
        _add(sums.setdefault(key, Sum()), trip, change)
    return {trip.team}


def _add(total: Sum, trip: Trip, change: int) -> None:
    total.metres += change * trip.metres
    total.low += change * trip.low
    total.high += change * trip.high
    total.trips += change
    total.trips_of[trip.person] = total.trips_of.get(trip.person, 0) + change
    if not total.trips_of[trip.person]:
        del total.trips_of[trip.person]
