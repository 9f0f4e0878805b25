"""What people may ask of a travel campaign; decoded by the hub as `module.acts`.

The hard limits of every field stand here (beyond them: refused, with field and limit); what is merely
implausible is recorded and goes to review (see `rules.py`).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from campaigns.travel.facts import Mode, Replaced
from streamhub.commands import EntryId, Text

TEAM_LIMIT = 24
KM_LIMIT = 2000
MINUTES_LIMIT = 1440

Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Km = Annotated[float, msgspec.Meta(gt=0, le=KM_LIMIT)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=MINUTES_LIMIT)]
Team = Annotated[str, msgspec.Meta(max_length=TEAM_LIMIT)]


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Base of this module's commands; `type` in the JSON tells them apart."""


class LogTrip(Act, frozen=True, kw_only=True, tag="log_trip"):
    """`team` left out: the team of the person's latest trip, else the open team. `row` is kept for imports only."""

    date: Day
    mode: Mode
    km: Km
    team: Team | None = None
    minutes: Minutes | None = None
    replaces: Replaced = ""
    row: int | None = None


class WithdrawTrip(Act, frozen=True, kw_only=True, tag="withdraw_trip"):
    """One's own trip only."""

    trip: EntryId


class ReviewTrip(Act, frozen=True, kw_only=True, tag="review_trip"):
    """Hosts and organizers. May be repeated: the latest decision counts."""

    trip: EntryId
    accepted: bool
    reason: Text | None = None


TravelAct = LogTrip | WithdrawTrip | ReviewTrip
