"""State -> what a socket or a page shows. Pure; the same functions serve both, so they never disagree."""

from __future__ import annotations

from itertools import islice

import msgspec

from streamhub.facts import Reason
from streamhub.live.admission import mark_of
from streamhub.state import comments as comments_
from streamhub.state import questions as questions_
from streamhub.state.broadcast import BroadcastState
from streamhub.state.comments import Comment
from streamhub.state.projection import START, position
from streamhub.state.questions import Question
from streamhub.wire import Batch, BroadcastView, Objection, Outcome, QuestionView, ShownComment

OWN_LIMIT = 50
QUESTIONS_LIMIT = 500
MISSED_LIMIT = 1000
"""Changed comments that one catch-up may carry: about 300 KB. Further back, starting over is less."""


def broadcast_view(state: BroadcastState) -> BroadcastView:
    details = state.details
    return BroadcastView(
        code=details.code,
        title=details.title,
        status=details.status,
        stage=details.stage,
        starts_at=details.starts_at,
        campaigns=details.campaigns,
        simulated=details.simulated,
    )


def shown_comment(state: BroadcastState, comment: Comment) -> ShownComment:
    return ShownComment(
        id=comment.id,
        shown=comment.shown,
        at=position(comment.id)[0],
        viewer=mark_of(comment.viewer, state.details.code),
        nick=comment.nick,
        text=comment.text,
        kind=comment.kind,
        note=comment.note,
        simulated=comment.simulated,
        applause=comment.verdict.applause if comment.verdict else "",
    )


def question_view(state: BroadcastState, question: Question) -> QuestionView:
    comment = state.comments.by_id[question.id]
    return QuestionView(
        id=question.id,
        at=position(question.id)[0],
        nick=comment.nick,
        text=comment.text,
        votes=len(question.voters),
        status=question.status,
        answer=question.answer,
        decision=question.decision,
        note=comment.note,
    )


def questions(state: BroadcastState) -> list[QuestionView]:
    """Visible questions: the one being answered first, then by votes, then by age; dismissed ones last."""
    rank = {"answering": 0, "waiting": 1, "later": 2, "answered": 3, "dismissed": 4}
    visible = [
        question for question in state.questions.by_id.values() if state.comments.by_id[question.id].status == "shown"
    ]
    visible.sort(key=lambda question: (rank[question.status], -len(question.voters), position(question.id)))
    return [question_view(state, question) for question in visible[:QUESTIONS_LIMIT]]


def questions_changed(state: BroadcastState, after: str) -> bool:
    """Whether `questions` may be another list than it was at that position."""
    if too_far_behind(state, after) or questions_.changed_since(state.questions, after):
        return True
    return any(comment.kind == "question" for comment in comments_.changed_since(state.comments, after))


def whole(state: BroadcastState, last: int, known: tuple[QuestionView, ...] | None = None) -> Batch:
    """What a first visit gets: the latest `last` comments and all questions, if these are not `known`."""
    return Batch(
        as_of=state.as_of,
        epoch=state.epoch,
        reset=True,
        broadcast=broadcast_view(state),
        comments=tuple(shown_comment(state, c) for c in comments_.shown(state.comments, last)),
        questions=tuple(questions(state)) if known is None else known,
    )


def since(state: BroadcastState, after: str) -> Batch:
    """Everything that changed after a position, once, in order: the live tick and the catch-up of a reconnect."""
    limit = position(after)
    new: list[ShownComment] = []
    changed: list[ShownComment] = []
    gone: list[str] = []
    touched = {question.id: question for question in questions_.changed_since(state.questions, after)}
    for comment in comments_.changed_since(state.comments, after):
        if comment.kind == "question":
            touched[comment.id] = state.questions.by_id[comment.id]
        if comment.status == "shown":
            (new if position(comment.shown) > limit else changed).append(shown_comment(state, comment))
        elif comment.shown:
            gone.append(comment.id)
    new.sort(key=lambda view: position(view.shown))
    return Batch(
        as_of=state.as_of,
        epoch=state.epoch,
        broadcast=broadcast_view(state) if position(state.details.changed or START) > limit else None,
        comments=tuple(new),
        changed=tuple(changed),
        gone=tuple(gone),
        questions=tuple(
            question_view(state, question)
            for question in touched.values()
            if state.comments.by_id[question.id].status == "shown"
        ),
    )


def too_far_behind(state: BroadcastState, after: str, limit: int = MISSED_LIMIT) -> bool:
    """Whether more than `limit` comments changed after a position."""
    oldest = next(islice(reversed(state.comments.by_id.values()), limit, None), None)
    return oldest is not None and position(oldest.changed) > position(after)


def is_empty(batch: Batch) -> bool:
    return not (batch.broadcast or batch.comments or batch.changed or batch.gone or batch.questions or batch.reset)


def outcome(state: BroadcastState, comment: Comment) -> Outcome:
    question = state.questions.by_id.get(comment.id) if comment.kind == "question" else None
    action = comment.verdict.action if comment.verdict else None
    return Outcome(
        comment=comment.id,
        once=comment.once,
        status=comment.status,
        action=action,
        reasons=_for_the_author(comment.reasons),
        note=comment.note,
        text=comment.text,
        kind=comment.kind,
        question=question_view(state, question) if question else None,
        why=comment.decisions[standing].reason if (standing := comment.standing) else "",
        appeal=_objection(comment),
    )


def _for_the_author(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Which words hosts listed is not told to everybody who tries one."""
    return tuple(msgspec.structs.replace(reason, word="") if reason.word else reason for reason in reasons)


def _objection(comment: Comment) -> Objection:
    """How the author's objection stands; a comment that is shown now, and was not, has been granted it."""
    if not comment.appealed or comment.erased:
        return ""
    if comment.appeal_open:
        return "open"
    machine = comment.verdict.action if comment.verdict else "hold"
    return "kept" if comment.status != "shown" or (comment.note and machine == "annotate") else "granted"


def outcomes_since(state: BroadcastState, after: str) -> list[tuple[str, Outcome]]:
    """(viewer, outcome) for every comment whose verdict, and question whose place, changed after a position."""
    touched: dict[str, Comment] = {}
    for question in questions_.changed_since(state.questions, after):
        if any(position(move) > position(after) for move in question.moves) or not question.moves:
            touched[question.id] = state.comments.by_id[question.id]
    for comment in comments_.changed_since(state.comments, after):
        touched[comment.id] = comment
    return [(c.viewer, outcome(state, c)) for c in touched.values() if c.status != "waiting"]


def own(state: BroadcastState, viewer: str) -> list[Outcome]:
    """The latest comments of one viewer with what became of them, oldest first; none that was erased."""
    mine = (state.comments.by_id[comment] for comment in state.comments.by_viewer.get(viewer, [])[-OWN_LIMIT:])
    return [outcome(state, comment) for comment in mine if not comment.erased]


def voted(state: BroadcastState, viewer: str) -> list[str]:
    return [question.id for question in state.questions.by_id.values() if viewer in question.voters]
