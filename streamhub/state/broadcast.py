"""All projections of one broadcast's log together, at one position: what a page or a socket shows.

Called by `record/replay.py` (log -> state) and `live/follow.py` (state kept up to date).
"""

from __future__ import annotations

import msgspec

from streamhub.state import audience, comments, details, policy, questions, reports, restrictions
from streamhub.state.projection import START, Entry, Projected, position

VERSION = 4
"""Raise when a projection's meaning or shape changes: older snapshots are then ignored and rebuilt."""


class BroadcastState(Projected):
    as_of: str = START
    epoch: str = ""
    """Id of the log's first entry: a client that names another epoch starts over."""
    details: details.Details = msgspec.field(default_factory=details.Details)
    comments: comments.Comments = msgspec.field(default_factory=comments.Comments)
    questions: questions.Questions = msgspec.field(default_factory=questions.Questions)
    audience: audience.Audience = msgspec.field(default_factory=audience.Audience)
    policy: policy.Policy = msgspec.field(default_factory=policy.Policy)
    reports: reports.Reports = msgspec.field(default_factory=reports.Reports)
    restrictions: restrictions.Restrictions = msgspec.field(default_factory=restrictions.Restrictions)


def advance(state: BroadcastState, entry: Entry) -> bool:
    """Fold one entry in; False (and no change) if the state is already past it."""
    if position(entry.id) <= position(state.as_of):
        return False
    details.evolve(state.details, entry)
    comments.evolve(state.comments, entry)
    questions.evolve(state.questions, entry)
    audience.evolve(state.audience, entry)
    policy.evolve(state.policy, entry)
    reports.evolve(state.reports, entry)
    restrictions.evolve(state.restrictions, entry)
    state.as_of = entry.id
    state.epoch = state.epoch or entry.id
    return True
