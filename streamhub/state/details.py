"""What a broadcast is: its title, picture, campaigns, and whether it is open."""

from __future__ import annotations

from typing import Literal

from streamhub.facts import (
    BroadcastClosed,
    BroadcastCreated,
    BroadcastEdited,
    BroadcastOpened,
    RolesRevoked,
    Stage,
)
from streamhub.state.projection import Entry, Projected

Status = Literal["scheduled", "open", "closed"]


class Details(Projected):
    code: str = ""
    title: str = ""
    status: Status = "scheduled"
    starts_at: int | None = None
    opened_at: int | None = None
    closed_at: int | None = None
    stage: Stage = Stage()
    campaigns: tuple[str, ...] = ()
    simulated: bool = False
    changed: str = ""
    revoked: str = ""
    """Entry of the latest RolesRevoked, "" if there was none: only roles given since then hold."""


def evolve(state: Details, entry: Entry) -> None:
    match entry.fact:
        case BroadcastCreated() as fact if not state.code:
            state.code, state.title, state.starts_at = fact.code, fact.title, fact.starts_at
            state.stage, state.campaigns, state.simulated = fact.stage, fact.campaigns, fact.simulated
        case BroadcastEdited() as fact:
            for name in ("title", "starts_at", "stage", "campaigns"):
                if (value := getattr(fact, name)) is not None:
                    setattr(state, name, value)
        case BroadcastOpened():
            state.status, state.opened_at, state.closed_at = "open", entry.at, None
        case BroadcastClosed():
            state.status, state.closed_at = "closed", entry.at
        case RolesRevoked():
            state.revoked = entry.id
            return
        case _:
            return
    state.changed = entry.id
