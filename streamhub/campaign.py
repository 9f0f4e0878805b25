"""The contract that a campaign module fulfils. One file shows the whole extension surface.

A module is a value (see `campaigns/travel/__init__.py`) that `web/app.py` hands to the hub, the board
worker and the report. It owns its facts, its acts (commands) and its rules; it reaches no store, no socket
and no page. Its log is `{c:ID}:log`; `decide` is courtesy, `evolve` is law.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from streamhub.state.projection import Entry

S = TypeVar("S")


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts. `person` is the signed viewer id, or "import:<hash>" for a row that somebody else entered."""

    person: str
    nick: str = ""
    role: Literal["viewer", "moderator", "host", "organizer"] = "viewer"
    via: Literal["web", "form", "import"] = "web"


class BoardSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One sorted set: a number per member. `ranked` boards are offered as rankings, the others are columns."""

    name: str
    unit: str
    digits: int = 1
    ranked: bool = False


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What a sustainability figure rests on; shown beside it, always."""

    factor_set: str
    year: int
    region: str
    boundary: str
    baseline: str
    source: str
    url: str
    licence: str = ""


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number with its unit; `low` and `high` where it is a range."""

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None


class CampaignModule(Protocol[S]):
    name: str
    facts: Any
    """Union of the module's facts and `CampaignFact`: how its log is decoded."""
    acts: Any
    """Union of the module's commands (tagged Structs, forbid_unknown_fields)."""
    boards: Sequence[BoardSpec]
    basis: Basis

    def initial(self) -> S: ...

    def evolve(self, state: S, entry: Entry) -> Collection[str]:
        """Fold one fact; return the board members (teams) whose scores it may have changed. Never refuses;
        keeps `state.as_of` and ignores entries at or before it."""
        ...

    def decide(self, state: S, act: Any, *, actor: Actor, now: int) -> Sequence[Any]:
        """Facts to append, or raises `commands.Refused`. `now` is Unix milliseconds."""
        ...

    def scores(self, state: S, members: Collection[str]) -> Mapping[str, Mapping[str, float]]:
        """board -> member -> score, for these members; absolute, so writing them twice is harmless.
        A score of 0 or less takes the member off that board."""
        ...

    def figures(self, state: S) -> Sequence[Figure]:
        """Totals of the campaign."""
        ...

    def mine(self, state: S, person: str) -> Mapping[str, Any]:
        """What this person sees of themselves: plain JSON values."""
        ...
