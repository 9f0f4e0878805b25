"""Comments: waiting, shown, held or rejected, with the reasons.

The dictionary is kept in the order of each comment's last change, so that "what changed since X" is a
short walk from its end. A person's verdict beats the machine's; the latest one not undone counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from streamhub.facts import (
    CommentDecided,
    CommentJudged,
    CommentKind,
    CommentSubmitted,
    DecisionUndone,
    Note,
    Reason,
)
from streamhub.state.projection import Entry, position

Status = Literal["waiting", "shown", "held", "rejected"]
_STATUS_OF: dict[str, Status] = {"publish": "shown", "annotate": "shown", "hold": "held", "reject": "rejected"}


class Comment(msgspec.Struct):
    """`shown` is the entry that first made it visible ("" if none did): viewers see comments in that order."""

    id: str
    viewer: str
    nick: str
    text: str
    kind: CommentKind
    once: str = ""
    simulated: bool = False
    status: Status = "waiting"
    reasons: tuple[Reason, ...] = ()
    note: Note | None = None
    shown: str = ""
    changed: str = ""
    verdict: CommentJudged | None = None
    decisions: dict[str, CommentDecided] = {}


class Comments(msgspec.Struct):
    by_id: dict[str, Comment] = {}
    by_viewer: dict[str, list[str]] = {}
    decision_of: dict[str, str] = {}
    """Decision's entry id -> comment id, for undo."""


def evolve(state: Comments, entry: Entry) -> None:
    match entry.fact:
        case CommentSubmitted() as fact:
            comment = Comment(
                id=entry.id,
                viewer=fact.viewer,
                nick=fact.nick,
                text=fact.text,
                kind=fact.kind,
                once=fact.once,
                simulated=fact.simulated,
                changed=entry.id,
            )
            state.by_id[entry.id] = comment
            state.by_viewer.setdefault(fact.viewer, []).append(entry.id)
            return
        case CommentJudged() as fact:
            if (found := state.by_id.get(fact.comment)) is None or found.verdict is not None:
                return
            found.verdict = fact
        case CommentDecided() as fact:
            if (found := state.by_id.get(fact.comment)) is None:
                return
            found.decisions[entry.id] = fact
            state.decision_of[entry.id] = fact.comment
        case DecisionUndone() as fact:
            if (found := state.by_id.get(state.decision_of.get(fact.decision, ""))) is None:
                return
            if found.decisions.pop(fact.decision, None) is None:
                return
        case _:
            return
    _settle(found)
    found.changed = entry.id
    if found.status == "shown" and not found.shown:
        found.shown = entry.id
    state.by_id[found.id] = state.by_id.pop(found.id)


def _settle(comment: Comment) -> None:
    """Status, reasons and note from the person's latest verdict, or else the machine's."""
    machine = comment.verdict
    comment.status = _STATUS_OF[machine.action] if machine else "waiting"
    comment.reasons = machine.reasons if machine else ()
    comment.note = machine.note if machine else None
    if comment.decisions:
        person = comment.decisions[max(comment.decisions, key=position)]
        comment.status = _STATUS_OF[person.action]
        comment.reasons = (Reason(code="person"),)
        comment.note = person.note if person.action == "annotate" else None


def changed_since(state: Comments, after: str) -> list[Comment]:
    """Comments whose last change is later than `after`, oldest change first."""
    limit = position(after)
    found: list[Comment] = []
    for comment in reversed(state.by_id.values()):
        if position(comment.changed) <= limit:
            break
        found.append(comment)
    return found[::-1]


def shown(state: Comments) -> list[Comment]:
    """All visible comments in the order in which they became visible."""
    return sorted((c for c in state.by_id.values() if c.status == "shown"), key=lambda c: position(c.shown))


def to_review(state: Comments, waiting_before: int) -> Iterator[Comment]:
    """What a person should look at: held, and waiting for a verdict since before `waiting_before` (Unix ms)."""
    for comment in sorted(state.by_id.values(), key=lambda c: position(c.id)):
        if comment.status == "held" or (comment.status == "waiting" and position(comment.id)[0] < waiting_before):
            yield comment
