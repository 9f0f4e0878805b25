"""Histories of a travel campaign, made by hand and by hypothesis, for the tests of the module and the boards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from campaigns.travel import module
from campaigns.travel.facts import TripLogged, TripReviewed, TripWithdrawn
from campaigns.travel.state import TravelState
from streamhub.campaign import Actor
from streamhub.campaign_facts import CampaignClosed, CampaignCreated, CampaignOpened
from streamhub.state.projection import Entry

NOON = int(datetime(2026, 11, 22, 4, tzinfo=UTC).timestamp() * 1000)
"""Noon in Shanghai on 22 November 2026, in Unix ms."""

CREATED = CampaignCreated(
    id="WEEK", module="travel", title="Low-carbon week", by="o-1", starts_on="2026-11-10", ends_on="2026-11-24"
)
OPENED = CampaignOpened(by="o-1")
CLOSED = CampaignClosed(by="o-1")

ANN = Actor(person="v-ann", nick="Ann")
BOB = Actor(person="v-bob", nick="Bob")
HOST = Actor(person="h-1", role="host")


def trip(**more: Any) -> TripLogged:
    return TripLogged(**{"person": "v-ann", "date": "2026-11-22", "mode": "metro", "km": 8.0, "team": "Reef"} | more)


def entries(*facts: Any, at: int = NOON, apart: int = 60_000) -> list[Entry]:
    """A campaign that was opened, then these facts, `apart` ms from each other."""
    first = [Entry(f"{at - 2}-0", CREATED), Entry(f"{at - 1}-0", OPENED)]
    return first + [Entry(f"{at + number * apart}-0", fact) for number, fact in enumerate(facts)]


def fold(log: list[Entry]) -> TravelState:
    state = module.initial()
    for entry in log:
        module.evolve(state, entry)
    return state


def boards_of(state: TravelState) -> dict[str, dict[str, float]]:
    """Every board as a reader would find it: members without anything are not there."""
    scores = module.scores(state, set(state.teams))
    return {name: {member: score for member, score in board.items() if score > 0} for name, board in scores.items()}


_LOGGED = st.builds(
    trip,
    person=st.sampled_from(["v-ann", "v-bob", "v-cai", "v-dee"]),
    team=st.sampled_from(["", "Reef", "reef", "三班"]),
    date=st.sampled_from(["2026-11-21", "2026-11-22"]),
    mode=st.sampled_from(["walk", "bike", "ebike", "bus", "metro"]),
    km=st.sampled_from([0.1, 1.1, 2.345, 7.7, 14.3]),
    replaces=st.sampled_from(["", "car", "bus", "walk", "none"]),
    review=st.sampled_from([(), (), (), ("speed",)]),
    via=st.sampled_from(["web", "import"]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Trips, decisions about them and withdrawals in any order, also of trips that are not there."""
    at = NOON
    log = entries()
    for number in range(draw(st.integers(0, 25))):
        at += draw(st.sampled_from([0, 1000, 700_000]))
        logged = [entry.id for entry in log if isinstance(entry.fact, TripLogged)] or ["1-0"]
        named = st.sampled_from([*logged[-6:], "1-0"])
        reviewed = st.builds(TripReviewed, trip=named, accepted=st.booleans(), by=st.just("h-1"))
        taken_back = st.builds(TripWithdrawn, trip=named, by=st.sampled_from(["v-ann", "v-bob", "v-cai"]))
        fact = draw(st.one_of(_LOGGED, _LOGGED, _LOGGED, reviewed, taken_back, st.sampled_from([CLOSED, OPENED])))
        log.append(Entry(f"{at}-{number}", fact))
    return log
