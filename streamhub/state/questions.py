"""Questions: comments that want an answer; voted, moved by the host, answered.

Every question is here from its submission; whether it may be seen is the comment's status.
"""

from __future__ import annotations

from streamhub.facts import (
    CommentSubmitted,
    DecisionUndone,
    QuestionMoved,
    QuestionStatus,
    QuestionVoted,
)
from streamhub.state.projection import Entry, Projected, position


class Question(Projected):
    """`voters` maps viewer -> True; the asker's own vote does not count.

    `decision` is the entry that gave it its current status ("" while waiting)."""

    id: str
    asker: str
    status: QuestionStatus = "waiting"
    answer: str = ""
    decision: str = ""
    voters: dict[str, bool] = {}
    changed: str = ""
    moves: dict[str, QuestionMoved] = {}


class Questions(Projected):
    by_id: dict[str, Question] = {}
    decision_of: dict[str, str] = {}


def evolve(state: Questions, entry: Entry) -> None:
    match entry.fact:
        case CommentSubmitted(kind="question") as fact:
            state.by_id[entry.id] = Question(id=entry.id, asker=fact.viewer, changed=entry.id)
            return
        case QuestionVoted() as fact:
            found = state.by_id.get(fact.question)
            if found is None or found.asker == fact.viewer:
                return
            if fact.up:
                found.voters[fact.viewer] = True
            else:
                found.voters.pop(fact.viewer, None)
        case QuestionMoved() as fact:
            if (found := state.by_id.get(fact.question)) is None:
                return
            found.moves[entry.id] = fact
            state.decision_of[entry.id] = fact.question
            _settle(found)
        case DecisionUndone() as fact:
            if (found := state.by_id.get(state.decision_of.get(fact.decision, ""))) is None:
                return
            if found.moves.pop(fact.decision, None) is None:
                return
            _settle(found)
        case _:
            return
    found.changed = entry.id
    state.by_id[found.id] = state.by_id.pop(found.id)


def _settle(question: Question) -> None:
    question.status, question.answer, question.decision = "waiting", "", ""
    if question.moves:
        question.decision = max(question.moves, key=position)
        latest = question.moves[question.decision]
        question.status, question.answer = latest.to, latest.answer


def changed_since(state: Questions, after: str) -> list[Question]:
    """Questions whose last change (vote, move, undo) is later than `after`, oldest change first."""
    limit = position(after)
    found: list[Question] = []
    for question in reversed(state.by_id.values()):
        if position(question.changed) <= limit:
            break
        found.append(question)
    return found[::-1]
