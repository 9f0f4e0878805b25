"""What each command does: may it happen (decide), then the fact that says it did. One function a command.

`hub.py` finds them in `ACTS` by the event's name. The name, the command's type, the role it needs and
whether the broadcast must be open stand above each body. The view that `decide` uses may be milliseconds
old; double votes and late entries are settled by their place in the log.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from streamhub.commands import (
    DecideComment,
    MoveQuestion,
    OnceCommand,
    SubmitComment,
    UndoDecision,
    VoteQuestion,
    refuse,
)
from streamhub.facts import (
    CommentDecided,
    CommentSubmitted,
    DecisionUndone,
    Fact,
    Note,
    QuestionMoved,
    QuestionVoted,
)
from streamhub.live.admission import ACT_RATE, COMMENT_RATE, Person, Rate
from streamhub.state.broadcast import BroadcastState
from streamhub.state.questions import Question

Notes = Mapping[str, Note]
"""Claim id -> source card: what a host can attach."""

Decide = Callable[[BroadcastState, Any, Person, Notes], Fact]


class Act(NamedTuple):
    command: type[OnceCommand]
    decide: Decide
    host: bool
    needs_open: bool
    rate: Rate


ACTS: dict[str, Act] = {}


def act(
    name: str, command: type[OnceCommand], *, host: bool = False, needs_open: bool = False, rate: Rate = ACT_RATE
) -> Callable[[Decide], Decide]:
    def register(decide: Decide) -> Decide:
        ACTS[name] = Act(command, decide, host, needs_open, rate)
        return decide

    return register


@act("comment", SubmitComment, needs_open=True, rate=COMMENT_RATE)
def submit_comment(state: BroadcastState, command: SubmitComment, person: Person, _: Notes) -> Fact:
    text, nick = readable(command.text), readable(command.nick)
    if not text:
        raise refuse("invalid", "the text is empty", field="text", limit="1 to 200 characters")
    if not nick:
        raise refuse("invalid", "the nickname is empty", field="nick", limit="1 to 24 characters")
    return CommentSubmitted(
        viewer=person.viewer,
        nick=nick,
        text=text,
        kind=command.kind,
        once=command.once,
        via=person.via,
        simulated=person.via == "replay",
    )


@act("vote", VoteQuestion, needs_open=True)
def vote_question(state: BroadcastState, command: VoteQuestion, person: Person, _: Notes) -> Fact:
    question = _question(state, command.question)
    if state.comments.by_id[question.id].status != "shown":
        raise refuse("unknown", "no such question", field="question")
    if question.asker == person.viewer:
        raise refuse("conflict", "this is your own question", field="question")
    return QuestionVoted(question=question.id, viewer=person.viewer, up=command.up)


@act("move", MoveQuestion, host=True)
def move_question(state: BroadcastState, command: MoveQuestion, person: Person, _: Notes) -> Fact:
    question = _question(state, command.question)
    return QuestionMoved(
        question=question.id, to=command.to, by=person.actor, answer=readable(command.answer, lines=True)
    )


@act("decide", DecideComment, host=True)
def decide_comment(state: BroadcastState, command: DecideComment, person: Person, notes: Notes) -> Fact:
    comment = state.comments.by_id.get(command.comment)
    if comment is None:
        raise refuse("unknown", "no such comment", field="comment")
    note = None
    if command.action == "annotate":
        suggested = comment.verdict.note if comment.verdict else None
        note = notes.get(command.claim) if command.claim else comment.note or suggested
        if note is None:
            raise refuse("invalid", "choose the source card to attach", field="claim")
    return CommentDecided(
        comment=comment.id, action=command.action, by=person.actor, reason=readable(command.reason), note=note
    )


@act("undo", UndoDecision, host=True)
def undo_decision(state: BroadcastState, command: UndoDecision, person: Person, _: Notes) -> Fact:
    known = command.decision in state.comments.decision_of or command.decision in state.questions.decision_of
    if not known:
        raise refuse("unknown", "no such decision", field="decision")
    return DecisionUndone(decision=command.decision, by=person.actor)


def readable(text: str, *, lines: bool = False) -> str:
    """What was typed, without control characters and outer space; line breaks only where `lines`."""
    kept = (
        character if unicodedata.category(character) != "Cc" else ("\n" if lines and character == "\n" else " ")
        for character in text
    )
    return "".join(kept).strip()


def _question(state: BroadcastState, question: str) -> Question:
    found = state.questions.by_id.get(question)
    if found is None:
        raise refuse("unknown", "no such question", field="question")
    return found
