"""What each command does: may it happen (decide), then the fact that says it did. One function a command.

`hub.py` finds them in `ACTS` by the event's name. The name, the command's type, the role it needs and
whether the broadcast must be open stand above each body. The view that `decide` uses may be milliseconds
old; double votes and late entries are settled by their place in the log. Acts of moderation: `reviewing.py`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from streamhub.commands import MoveQuestion, OnceCommand, SubmitComment, VoteQuestion, refuse
from streamhub.facts import CommentSubmitted, Fact, Note, QuestionMoved, QuestionVoted
from streamhub.live.admission import ACT_RATE, COMMENT_RATE, Person, Rate, Role
from streamhub.state.broadcast import BroadcastState
from streamhub.state.questions import Question


class Given(NamedTuple):
    """What an act may use besides the state: claim id -> source card, and the wall clock (Unix ms)."""

    notes: Mapping[str, Note]
    now_ms: int


Decide = Callable[[BroadcastState, Any, Person, Given], Fact]


class Act(NamedTuple):
    """`turn`: which turn a command wants to take; of two commands that name the same, one is recorded."""

    command: type[OnceCommand]
    decide: Decide
    role: Role
    needs_open: bool
    rate: Rate
    turn: Callable[[Any], str]


ACTS: dict[str, Act] = {}


def act(
    name: str,
    command: type[OnceCommand],
    *,
    role: Role = "viewer",
    needs_open: bool = False,
    rate: Rate = ACT_RATE,
    turn: Callable[[Any], str] = lambda _: "",
) -> Callable[[Decide], Decide]:
    def register(decide: Decide) -> Decide:
        ACTS[name] = Act(command, decide, role, needs_open, rate, turn)
        return decide

    return register


@act("comment", SubmitComment, needs_open=True, rate=COMMENT_RATE)
def submit_comment(state: BroadcastState, command: SubmitComment, person: Person, _: Given) -> Fact:
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
        hosting=person.hosts(state.details.code),
    )


@act("vote", VoteQuestion, needs_open=True)
def vote_question(state: BroadcastState, command: VoteQuestion, person: Person, _: Given) -> Fact:
    question = _question(state, command.question)
    if state.comments.by_id[question.id].status != "shown":
        raise refuse("unknown", "no such question", field="question")
    if question.asker == person.viewer:
        raise refuse("conflict", "this is your own question", field="question")
    return QuestionVoted(question=question.id, viewer=person.viewer, up=command.up)


@act("move", MoveQuestion, role="host")
def move_question(state: BroadcastState, command: MoveQuestion, person: Person, _: Given) -> Fact:
    question = _question(state, command.question)
    return QuestionMoved(
        question=question.id, to=command.to, by=person.actor, answer=readable(command.answer, lines=True)
    )


_TURNED = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Signs that turn the direction of what follows: with them a name reads as another (evil as live), and readers see
another text than the checks. Scripts that run from right to left do so without them."""

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters that show nothing."""


def readable(text: str, *, lines: bool = False) -> str:
    """What was typed, without control characters, turned direction and outer space; "" where it shows nothing (spaces
    of no width, marks without a letter). Line breaks only where `lines`."""
    kept = "".join(
        character if unicodedata.category(character) != "Cc" else ("\n" if lines and character == "\n" else " ")
        for character in text.translate(_TURNED)
    )
    return kept.strip() if any(map(_shows, kept)) else ""


def _shows(character: str) -> bool:
    return character not in _BLANK and unicodedata.category(character) not in _SHOWS_NOTHING


_SHOWS_NOTHING = frozenset(("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"))


def _question(state: BroadcastState, question: str) -> Question:
    found = state.questions.by_id.get(question)
    if found is None:
        raise refuse("unknown", "no such question", field="question")
    return found
