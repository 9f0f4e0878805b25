"""Reports by viewers, and the record of who makes them: how often a moderator agreed.

The reported comment itself is in `comments.py`; here is who reported what, so that a report can be weighed.
"""

from __future__ import annotations

import msgspec

from streamhub.facts import CommentReported
from streamhub.state.comments import Comments
from streamhub.state.projection import Entry, Projected, position


class Reports(Projected):
    """viewer -> the comments that this viewer reported, in order; which of these reports count, the comments say."""

    by_viewer: dict[str, dict[str, None]] = {}


class Record(msgspec.Struct, frozen=True):
    """Of one reporter: `open` reports wait for a person; of the `settled` ones a person `agreed` with so many."""

    open: int = 0
    settled: int = 0
    agreed: int = 0

    @property
    def weight(self) -> float:
        """0..1: an unknown reporter counts one half, and every settled report moves that (rule of succession)."""
        return round((self.agreed + 1) / (self.settled + 2), 3)


def evolve(state: Reports, entry: Entry) -> None:
    match entry.fact:
        case CommentReported() as fact:
            state.by_viewer.setdefault(fact.viewer, {}).setdefault(fact.comment)
        case _:
            return


def record(state: Reports, comments: Comments, viewer: str) -> Record:
    """What people decided about what this viewer reported, after the report; the decision that stands counts."""
    open_ = settled = agreed = 0
    for name in state.by_viewer.get(viewer, {}):
        comment = comments.by_id.get(name)
        if comment is None or viewer not in comment.reports:
            continue  # of nothing, or of the viewer's own
        standing = comment.standing
        if not standing or position(standing) < position(comment.reported[viewer]):
            open_ += 1
            continue
        settled += 1
        agreed += comment.decisions[standing].action != "publish"
    return Record(open=open_, settled=settled, agreed=agreed)
