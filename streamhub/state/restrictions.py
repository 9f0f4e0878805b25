"""Who may not speak freely, until when: muted, slowed or banned viewers of one broadcast.

A restriction ends by its time, which the caller's clock decides, or because a person lifts it.
"""

from __future__ import annotations

from streamhub.facts import RestrictionLifted, ViewerRestricted
from streamhub.state.projection import Entry, Projected


class Restrictions(Projected):
    """`by_viewer` holds each viewer's latest restriction that nobody lifted, ended or not."""

    by_viewer: dict[str, ViewerRestricted] = {}
    changed: str = ""


def evolve(state: Restrictions, entry: Entry) -> None:
    match entry.fact:
        case ViewerRestricted() as fact:
            state.by_viewer.pop(fact.viewer, None)
            state.by_viewer[fact.viewer] = fact
        case RestrictionLifted() as fact:
            state.by_viewer.pop(fact.viewer, None)
        case _:
            return
    state.changed = entry.id


def of(state: Restrictions, viewer: str, now_ms: int) -> ViewerRestricted | None:
    """What restricts a viewer at this moment."""
    found = state.by_viewer.get(viewer)
    return found if found is not None and found.until_ms > now_ms else None


def current(state: Restrictions, now_ms: int) -> list[ViewerRestricted]:
    """All that hold at this moment, latest first."""
    return [found for found in reversed(state.by_viewer.values()) if found.until_ms > now_ms]
