"""Acts of moderation about comments and people: decide, undo, restrict, report, appeal. Registered for `hub.py`.

A decision names the turn that its moderator saw, and a turn is taken once: of two who decide at the same
moment, in whichever processes, one is recorded and the other is told who was first.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamhub.commands import (
    AppealComment,
    DecideComment,
    EraseComment,
    LiftRestriction,
    Refused,
    ReportComment,
    RestrictViewer,
    UndoDecision,
    refuse,
)
from streamhub.facts import (
    AppealMade,
    ClaimAdded,
    CommentDecided,
    CommentErased,
    CommentReported,
    DecisionUndone,
    Fact,
    Note,
    RestrictionLifted,
    ViewerRestricted,
)
from streamhub.live.acts import Given, act, readable
from streamhub.live.admission import Person, Rate, mark_of
from streamhub.state import reports, restrictions
from streamhub.state.broadcast import BroadcastState
from streamhub.state.comments import Comment
from streamhub.state.projection import position

OBJECTION_RATE = Rate(burst=6, per_second=0.1)
"""Reports and appeals of one viewer."""

OPEN_REPORTS_LIMIT = 5
"""Reports of one viewer that may wait for a person at a time: nobody fills the queue alone."""

HIDE_AT: Mapping[str, float] = {"careful": 1.5, "school": 1.0, "emergency": 0.5}
"""Preset -> weight of open reports that hides a comment until a person has looked: three unknown viewers, two
where children watch, one in an emergency. The other presets never hide by reports alone."""

WRITTEN = "written"
"""`Note.claim` of a source card that a moderator wrote."""


def _turn(command: DecideComment) -> str:
    return "" if command.turn is None else f"{command.comment}:{command.turn}"


@act("decide", DecideComment, role="moderator", turn=_turn)
def decide_comment(state: BroadcastState, command: DecideComment, person: Person, given: Given) -> Fact:
    comment = _comment(state, command.comment)
    if comment.erased:
        raise refuse("conflict", "its words were erased", field="comment")
    if command.turn is not None and command.turn != comment.turn:
        if position(command.turn or "0-0") > position(state.as_of):
            raise refuse("unknown", "no such turn", field="turn")
        raise _late(comment)
    return CommentDecided(
        comment=comment.id,
        action=command.action,
        by=person.actor,
        reason=readable(command.reason),
        note=_card(state, comment, command, given) if command.action == "annotate" else None,
        once=command.once,
    )


def taken(state: BroadcastState, entry: str, command: DecideComment) -> Refused | None:
    """The entry that has this turn already: None if it is this very command's (a retry), else who was first."""
    comment = state.comments.by_id.get(command.comment)
    made = comment.decisions.get(entry) if comment else None
    if comment is None or (made is not None and made.once == command.once):
        return None
    return _late(comment)


def _late(comment: Comment) -> Refused:
    made = comment.decisions.get(comment.turn)
    if made is None:
        return refuse("conflict", "something has happened to this comment since you saw it", field="turn")
    return refuse("conflict", f"{made.by} has decided this already", field="turn", limit=made.by)


def _card(state: BroadcastState, comment: Comment, command: DecideComment, given: Given) -> Note:
    if command.fact or command.source or command.url:
        return _written(command)
    suggested = comment.verdict.note if comment.verdict else None
    own = state.policy.claims.get(command.claim)
    note = note_of(own) if own else given.notes.get(command.claim) if command.claim else comment.note or suggested
    if note is None:
        raise refuse("invalid", "choose the source card to attach", field="claim")
    return note


def _written(command: DecideComment) -> Note:
    fact, source = readable(command.fact), readable(command.source)
    for field, value in (("fact", fact), ("source", source)):
        if not value:
            raise refuse("invalid", f"the card needs its {field}", field=field)
    url = web_address(command.url)
    return Note(claim=WRITTEN, claim_zh="", claim_en="", fact_zh=fact, fact_en=fact, source=source, url=url)


def web_address(text: str) -> str:
    """An address that a reader can follow; raises Refused naming `url`."""
    url = readable(text)
    if not url.startswith(("https://", "http://")) or " " in url or len(url) < len("http://a.b"):
        raise refuse("invalid", "give the source's web address", field="url", limit="begins with https://")
    return url


def note_of(claim: ClaimAdded) -> Note:
    """The card of a claim of the broadcast's own; a language that is missing shows the other."""
    return Note(
        claim=claim.id,
        claim_zh=claim.claim_zh or claim.claim_en,
        claim_en=claim.claim_en or claim.claim_zh,
        fact_zh=claim.fact_zh or claim.fact_en,
        fact_en=claim.fact_en or claim.fact_zh,
        source=claim.source,
        url=claim.url,
    )


@act("erase", EraseComment, rate=OBJECTION_RATE)
def erase_comment(state: BroadcastState, command: EraseComment, person: Person, _: Given) -> Fact:
    """Also of what is erased already: whatever was left of it then goes now."""
    comment = _comment(state, command.comment)
    mine = comment.viewer == person.viewer
    if not mine and not person.hosts(state.details.code):
        raise refuse("forbidden", "only its author and the hosts erase a comment", field="comment")
    by = "author" if mine else person.actor
    return CommentErased(comment=comment.id, by=by, reason=readable(command.reason))


@act("undo", UndoDecision, role="moderator")
def undo_decision(state: BroadcastState, command: UndoDecision, person: Person, _: Given) -> Fact:
    asked = state.questions.decision_of.get(command.decision)
    if asked and not person.hosts(state.details.code):
        raise refuse("forbidden", "only hosts move questions")
    said = state.comments.decision_of.get(command.decision)
    if not asked and not said:
        raise refuse("unknown", "no such decision", field="decision")
    made = state.questions.by_id[asked].moves if asked else state.comments.by_id[said or ""].decisions
    if command.decision not in made:
        raise refuse("conflict", "this decision has been taken back already", field="decision")
    return DecisionUndone(decision=command.decision, by=person.actor, reason=readable(command.reason))


@act("restrict", RestrictViewer, role="moderator")
def restrict_viewer(state: BroadcastState, command: RestrictViewer, person: Person, given: Given) -> Fact:
    comment = _comment(state, command.comment)
    return ViewerRestricted(
        viewer=comment.viewer,
        effect=command.effect,
        until_ms=given.now_ms + command.minutes * 60_000,
        by=person.actor,
        reason=readable(command.reason),
        comment=comment.id,
    )


@act("lift", LiftRestriction, role="moderator")
def lift_restriction(state: BroadcastState, command: LiftRestriction, person: Person, given: Given) -> Fact:
    for restriction in restrictions.current(state.restrictions, given.now_ms):
        if mark_of(restriction.viewer, state.details.code) == command.viewer:
            reason = readable(command.reason)
            return RestrictionLifted(viewer=restriction.viewer, by=person.actor, reason=reason)
    raise refuse("unknown", "nobody of this mark is restricted now", field="viewer")


@act("report", ReportComment, rate=OBJECTION_RATE)
def report_comment(state: BroadcastState, command: ReportComment, person: Person, _: Given) -> Fact:
    comment = _comment(state, command.comment)
    if comment.status != "shown":
        raise refuse("unknown", "no such comment", field="comment")
    if comment.viewer == person.viewer:
        raise refuse("conflict", "this is your own comment", field="comment")
    if person.viewer in comment.reports:
        raise refuse("conflict", "you have reported this already", field="comment")
    if comment.standing:
        raise refuse("conflict", "a moderator has looked at this comment and kept it", field="turn")
    record = reports.record(state.reports, state.comments, person.viewer)
    if record.open >= OPEN_REPORTS_LIMIT:
        raise refuse(
            "conflict", "your earlier reports wait for a moderator", field="reports", limit=f"<= {OPEN_REPORTS_LIMIT}"
        )
    weight = record.weight + sum(report.weight for report in comment.open_reports)
    return CommentReported(
        comment=comment.id,
        viewer=person.viewer,
        why=command.why,
        weight=record.weight,
        hides=weight >= HIDE_AT.get(state.policy.preset, float("inf")),
    )


@act("appeal", AppealComment, rate=OBJECTION_RATE)
def appeal_comment(state: BroadcastState, command: AppealComment, person: Person, _: Given) -> Fact:
    comment = _comment(state, command.comment)
    if comment.viewer != person.viewer:
        raise refuse("unknown", "you have no such comment", field="comment")
    if comment.appealed:
        raise refuse("conflict", "you have objected once already", field="comment")
    if comment.erased:
        raise refuse("conflict", "its words were erased", field="comment")
    if comment.status == "waiting" or (comment.status == "shown" and comment.note is None):
        raise refuse("conflict", "nothing has been decided against this comment", field="comment")
    if not (text := readable(command.text)):
        raise refuse("invalid", "say why in a sentence", field="text", limit="1 to 200 characters")
    return AppealMade(comment=comment.id, viewer=person.viewer, text=text)


def _comment(state: BroadcastState, comment: str) -> Comment:
    found = state.comments.by_id.get(comment)
    if found is None:
        raise refuse("unknown", "no such comment", field="comment")
    return found
