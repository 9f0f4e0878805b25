"""Comments: waiting, shown, held or rejected, with the reasons; and the cases that want a person.

The dictionary is kept in the order of each comment's last change, so that "what changed since X" is a
short walk from its end. A person's verdict beats the machine's; the latest one not undone counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

from streamhub.facts import (
    AppealMade,
    CommentDecided,
    CommentErased,
    CommentJudged,
    CommentKind,
    CommentReported,
    CommentSubmitted,
    DecisionUndone,
    Note,
    Reason,
    VerdictRevised,
)
from streamhub.state.projection import Entry, Projected, position

Status = Literal["waiting", "shown", "held", "rejected"]
_STATUS_OF: dict[str, Status] = {"publish": "shown", "annotate": "shown", "hold": "held", "reject": "rejected"}

REVIEW_AT = 0.5
"""Open reports that weigh so much together put a comment into the queue: one viewer whose record is not bad."""


class Comment(Projected):
    """`shown` is the entry that first made it visible ("" if none did): viewers see comments in that order.

    `reports` by viewer; `appeal` with the entry `appealed`. `turn` is the entry after which a person may
    decide: whoever decides names it, so of two who decide at the same turn one comes too late."""

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
    turn: str = ""
    appeal: AppealMade | None = None
    appealed: str = ""
    reports: dict[str, CommentReported] = {}
    reported: dict[str, str] = {}
    """viewer -> the entry of the report."""
    erased: bool = False
    """Whoever reads the log from the beginning now does not find this comment at all."""

    @property
    def written(self) -> tuple[str, ...]:
        """The entries that hold what people wrote in it and about it: what leaves the log when it is erased."""
        return (self.id, self.appealed) if self.appealed else (self.id,)

    @property
    def standing(self) -> str:
        """Entry of the decision that counts, "" if the machine's verdict does."""
        return max(self.decisions, key=position, default="")

    @property
    def appeal_open(self) -> bool:
        return self.appeal is not None and position(self.standing or "0-0") < position(self.appealed)

    @property
    def open_reports(self) -> list[CommentReported]:
        """Those made after the decision that counts."""
        if not self.reports:
            return []
        since = position(self.standing or "0-0")
        return [report for viewer, report in self.reports.items() if position(self.reported[viewer]) > since]


class Comments(Projected):
    by_id: dict[str, Comment] = {}
    by_viewer: dict[str, list[str]] = {}
    decision_of: dict[str, str] = {}
    """Decision's entry id -> comment id, for undo."""
    cases: dict[str, None] = {}
    """Comments that want a person now or, without a verdict, soon."""
    seen: dict[str, None] = {}
    """Comments that were ever visible, in the order in which they became so."""
    reviewed: str = ""
    """The latest entry that changed what moderators see."""


def evolve(state: Comments, entry: Entry) -> None:
    fact = entry.fact
    if isinstance(fact, CommentSubmitted):
        _submit(state, entry.id, fact)
        return
    found = state.by_id.get(_named(state, fact))
    if found is None or not _change(found, entry.id, fact):
        return
    if isinstance(fact, CommentDecided):
        state.decision_of[entry.id] = fact.comment
    before = found.status
    _settle(found)
    _file(state, found, entry, before)
    if isinstance(fact, CommentReported) and found.status == before:
        return  # viewers and the author see no change
    found.changed = entry.id
    if found.status == "shown" and not found.shown:
        found.shown = entry.id
        state.seen[found.id] = None
    state.by_id[found.id] = state.by_id.pop(found.id)


def _submit(state: Comments, entry_id: str, fact: CommentSubmitted) -> None:
    state.by_id[entry_id] = Comment(
        id=entry_id,
        viewer=fact.viewer,
        nick=fact.nick,
        text=fact.text,
        kind=fact.kind,
        once=fact.once,
        simulated=fact.simulated,
        changed=entry_id,
    )
    state.by_viewer.setdefault(fact.viewer, []).append(entry_id)
    state.cases[entry_id] = None


def _named(state: Comments, fact: object) -> str:
    """The comment that a fact is about."""
    if isinstance(fact, DecisionUndone):
        return state.decision_of.get(fact.decision, "")
    return str(getattr(fact, "comment", ""))


def _change(comment: Comment, entry_id: str, fact: object) -> bool:
    """Take the fact in; False where it changes nothing: a second verdict, appeal or report, an undo of nothing."""
    match fact:
        case CommentJudged() if comment.verdict is None:
            comment.verdict = fact
        case VerdictRevised() if comment.verdict is not None and comment.verdict.provisional:
            comment.verdict = _revised(fact, comment.verdict.applause)
        case CommentDecided():
            comment.decisions[entry_id] = fact
            comment.turn = entry_id
        case DecisionUndone() if fact.decision in comment.decisions:
            del comment.decisions[fact.decision]
            comment.turn = entry_id
        case AppealMade() if fact.viewer == comment.viewer and not comment.appealed:
            comment.appealed, comment.turn = entry_id, entry_id
            comment.appeal = None if comment.erased else fact  # it came at the same moment
        case CommentErased() if not comment.erased:
            comment.text, comment.nick, comment.appeal, comment.erased, comment.turn = "", "", None, True, entry_id
        case CommentReported() if fact.viewer != comment.viewer and fact.viewer not in comment.reports:
            comment.reports[fact.viewer], comment.reported[fact.viewer] = fact, entry_id
        case _:
            return False
    return True


def _revised(fact: VerdictRevised, applause: str) -> CommentJudged:
    return CommentJudged(**msgspec.structs.asdict(fact), applause=applause)


def _file(state: Comments, comment: Comment, entry: Entry, before: Status) -> None:
    """Keep the index of what wants a person. What the machine alone settles at once, moderators never see."""
    was = comment.id in state.cases
    if wants_person(comment):
        state.cases[comment.id] = None
    else:
        state.cases.pop(comment.id, None)
    settled_at_once = before == "waiting" and comment.status in ("shown", "rejected") and not comment.decisions
    if not settled_at_once and (was or comment.id in state.cases or comment.decisions):
        state.reviewed = entry.id


def wants_person(comment: Comment) -> bool:
    """Held, appealed, reported enough; or still without a verdict, which becomes a case when it is overdue."""
    if comment.erased:
        return False
    if comment.status in ("waiting", "held") or comment.appeal_open:
        return True
    return comment.status == "shown" and sum(report.weight for report in comment.open_reports) >= REVIEW_AT


def _settle(comment: Comment) -> None:
    """Status, reasons and note from the person's latest verdict, or else the machine's."""
    machine = comment.verdict
    comment.status = _STATUS_OF[machine.action] if machine else "waiting"
    comment.reasons = machine.reasons if machine else ()
    comment.note = machine.note if machine else None
    if standing := comment.standing:
        person = comment.decisions[standing]
        comment.status = _STATUS_OF[person.action]
        comment.reasons = (Reason(code="person"),)
        comment.note = person.note if person.action == "annotate" else None
    if comment.erased:
        comment.status, comment.reasons, comment.note = "rejected", (Reason(code="erased"),), None
    elif comment.status == "shown" and any(report.hides for report in comment.open_reports):
        comment.status, comment.reasons = "held", (Reason(code="reported"),)


def changed_since(state: Comments, after: str) -> list[Comment]:
    """Comments whose last change is later than `after`, oldest change first."""
    limit = position(after)
    found: list[Comment] = []
    for comment in reversed(state.by_id.values()):
        if position(comment.changed) <= limit:
            break
        found.append(comment)
    return found[::-1]


def shown(state: Comments, last: int) -> list[Comment]:
    """The latest visible comments, at most `last`, in the order in which they became visible."""
    latest = (comment for name in reversed(state.seen) if (comment := state.by_id[name]).status == "shown")
    return list(islice(latest, last))[::-1]


def to_review(state: Comments, waiting_before: int) -> Iterator[Comment]:
    """What a person should look at, oldest first; without a verdict only from before `waiting_before` (Unix ms)."""
    for comment in sorted((state.by_id[name] for name in state.cases), key=lambda c: position(c.id)):
        if comment.status != "waiting" or comment.appeal_open or position(comment.id)[0] < waiting_before:
            yield comment
