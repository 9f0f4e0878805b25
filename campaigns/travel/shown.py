"""What is shown of a travel campaign: board scores, totals, a person's own trips, what waits for review.

Pure readings of the state, in units for people (km, kg CO2e). Called through the module value.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from statistics import median
from typing import Any

from campaigns.travel.state import Sum, TravelState, Trip
from campaigns.travel.texts import OPEN_TEAM, REASONS
from streamhub.campaign import BoardSpec, Figure

OWN_TRIPS = 100
"""At most so many of a person's own trips are shown, newest first."""

REVIEW_TRIPS = 200
"""At most so many waiting trips are shown at a time, oldest first."""

BOARDS = (
    BoardSpec(name="km", unit="km", digits=1, ranked=True),
    BoardSpec(name="km_per_head", unit="km/person", digits=1, ranked=True),
    BoardSpec(name="people", unit="people", digits=0),
    BoardSpec(name="trips", unit="trips", digits=0),
    BoardSpec(name="co2e_low", unit="kg CO2e", digits=1),
    BoardSpec(name="co2e_high", unit="kg CO2e", digits=1),
)


def scores(state: TravelState, members: Collection[str]) -> dict[str, dict[str, float]]:
    """board -> team -> number. Per head: over the people with at least one trip that counts for that team."""
    found: dict[str, dict[str, float]] = {board.name: {} for board in BOARDS}
    for member in members:
        for board, value in _numbers(state.teams.get(member, Sum())).items():
            found[board][member] = value
    return found


def _numbers(team: Sum) -> dict[str, float]:
    people = len(team.trips_of)
    return {
        "km": team.metres / 1000,
        "km_per_head": team.metres / 1000 / people if people else 0.0,
        "people": people,
        "trips": team.trips,
        "co2e_low": team.low / 1e6,
        "co2e_high": team.high / 1e6,
    }


def figures(state: TravelState) -> list[Figure]:
    """Totals. `co2e_avoided` is a range; its `value` is the low end, for readers who take only one number."""
    active = [person for person in state.people.values() if person.trips]
    teams = [team for team in state.teams.values() if team.trips]
    low, high = (sum(team.low for team in teams) / 1e6, sum(team.high for team in teams) / 1e6)
    return [
        Figure(name="km", value=sum(team.metres for team in teams) / 1000, unit="km"),
        Figure(name="trips", value=sum(team.trips for team in teams), unit="trips"),
        Figure(name="people", value=len(active), unit="people"),
        Figure(name="teams", value=len(teams), unit="teams"),
        Figure(name="km_median", value=median(p.metres for p in active) / 1000 if active else 0.0, unit="km/person"),
        Figure(name="review", value=len(state.in_review), unit="trips"),
        Figure(name="co2e_avoided", value=low, unit="kg CO2e", low=low, high=high),
    ]


def mine(state: TravelState, person: str) -> dict[str, Any]:
    """A person's own team, totals and trips; `team` is a board member, so their row can be marked."""
    total = state.people.get(person, Sum())
    trips = state.trips_of.get(person, [])
    return {
        "team": state.team_of.get(person, OPEN_TEAM),
        "km": total.metres / 1000,
        "trips_counted": total.trips,
        "co2e_low": total.low / 1e6,
        "co2e_high": total.high / 1e6,
        "trips_total": len(trips),
        "trips": [trip_view(state.trips[trip]) for trip in islice(reversed(trips), OWN_TRIPS)],
    }


def to_review(state: TravelState) -> list[dict[str, Any]]:
    """Trips that wait for a host or organizer, oldest first. Who made them is only said by nickname."""
    waiting = islice(state.in_review, REVIEW_TRIPS)
    return [trip_view(state.trips[trip]) | {"nick": state.trips[trip].nick} for trip in waiting]


def trip_view(trip: Trip) -> dict[str, Any]:
    """One trip as plain values: km, kg CO2e, and each doubt with its words in both languages."""
    return {
        "id": trip.id,
        "team": trip.team,
        "date": trip.date,
        "mode": trip.mode,
        "km": trip.metres / 1000,
        "minutes": trip.minutes,
        "replaces": trip.replaces,
        "co2e_low": trip.low / 1e6,
        "co2e_high": trip.high / 1e6,
        "status": trip.status,
        "reasons": [{"code": code, **_words(code)} for code in trip.reasons],
        "decided": trip.reason,
        "via": trip.via,
        "row": trip.row,
    }


def _words(code: str) -> dict[str, str]:
    """A doubt that a later version knows is shown by its code."""
    return REASONS[code]._asdict() if code in REASONS else {"zh": code, "en": code}
