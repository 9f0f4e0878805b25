"""The list of comments as it is read: what many say alike within a minute stands as one line with a count.

Called by `pages/watch.py` for the page; `browser/watch/lines.ts` is the same rule for what comes live
(tests/browser compares the two). Nothing is lost: a line opens to everybody who said it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from streamhub.wire import ShownComment

ALIKE_MS = 60_000
"""So long after its first comment a line takes others in."""

NEAR = 20
"""Lines from the end that a comment may join: further up nobody would see it grow."""


class Line(msgspec.Struct):
    """`first` and those who said alike, in the order in which they were shown."""

    first: ShownComment
    others: list[ShownComment] = []

    @property
    def times(self) -> int:
        return 1 + len(self.others)

    def takes(self, comment: ShownComment, own: str) -> bool:
        """Questions, source cards, what is played, and one's own comments (`own` is the reader's mark) stay apart."""
        return (
            call(self.first) == call(comment)
            and all(one.kind == "comment" and one.note is None and one.viewer != own for one in (self.first, comment))
            and self.first.simulated == comment.simulated
            and abs(comment.at - self.first.at) < ALIKE_MS
        )


def lines(comments: Iterable[ShownComment], own: str = "") -> list[Line]:
    found: list[Line] = []
    for comment in comments:
        line = next((line for line in found[-NEAR:] if line.takes(comment, own)), None)
        if line:
            line.others.append(comment)
        else:
            found.append(Line(comment))
    return found


def call(comment: ShownComment) -> str:
    """What makes comments alike: the mark of applause, or else the very same text."""
    return comment.applause or comment.text
