"""What happens in a travel campaign, beside its creation, opening and closing.

Appended to the campaign's log by the hub; folded by `state.py`. Only ever add fields, with a default.
A trip's id is the log entry id of its `TripLogged`. Distance and mode are kept, never a track.
"""

from __future__ import annotations

from typing import Literal

from streamhub.campaign_facts import CampaignFact
from streamhub.facts import Fact

Mode = Literal["walk", "bike", "ebike", "bus", "metro", "tram", "train", "coach"]
"""How a logged trip was made."""

Replaced = Literal[
    "", "car", "taxi", "motorcycle", "bus", "metro", "tram", "train", "coach", "ebike", "bike", "walk", "none"
]
"""What it replaced: "" not stated, "none" would not have travelled."""


class TripLogged(Fact, frozen=True, kw_only=True):
    """`date` is an ISO day in the campaign's time zone; `team` "" is the open team.

    `review` are the doubts that the rules had (see `rules.py`); none means that it counts at once.
    `row` is the line of an imported file; the name in that file stays out of the log."""

    person: str
    date: str
    mode: Mode
    km: float
    team: str = ""
    nick: str = ""
    minutes: int | None = None
    replaces: Replaced = ""
    review: tuple[str, ...] = ()
    via: Literal["web", "form", "import"] = "web"
    row: int | None = None


class TripReviewed(Fact, frozen=True, kw_only=True):
    """A host or organizer decided; the latest decision counts. It may also take out a trip that counted."""

    trip: str
    accepted: bool
    by: str
    reason: str = ""


class TripWithdrawn(Fact, frozen=True, kw_only=True):
    """Its own person took it back; final."""

    trip: str
    by: str


TravelFact = CampaignFact | TripLogged | TripReviewed | TripWithdrawn
