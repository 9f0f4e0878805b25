"""Tries a policy on what was really said: the log of a past broadcast judged again, and what would have differed.

Called by `streamhub moderation try`. The words and claims of the broadcast and the words of its campaigns count as
they did then, comment by comment; only the policy is another. Nothing is written anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from moderation.campaign_words import WordsThen
from moderation.judge import Heard, Verdict
from moderation.memory import Memory
from moderation.pipeline import Force, Pipeline
from moderation.policy import Policy
from streamhub.facts import (
    Action,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Reason,
    VerdictRevised,
)
from streamhub.state.projection import Entry

BATCH = 64

_NONE: Mapping[str, Iterable[Entry]] = {}


class Row(msgspec.Struct, frozen=True):
    """One comment: what the machine said then and would say now. `person` is what a person made of it, or ""."""

    comment: str
    text: str
    was: Action
    would: Action
    was_reasons: tuple[Reason, ...] = ()
    would_reasons: tuple[Reason, ...] = ()
    person: str = ""


class Result(msgspec.Struct, frozen=True):
    """`counts`: "was>would" -> comments, those that do not differ included."""

    policy: str
    model: str
    comments: int
    unjudged: int
    """Comments that had no verdict then; they are not compared."""
    counts: dict[str, int]
    changes: tuple[Row, ...]


class Trial:
    def __init__(
        self, pipeline: Pipeline, policy: Policy, campaigns: Mapping[str, Iterable[Entry]] = _NONE, home: str = ""
    ) -> None:
        """`campaigns`: the facts about words of those that the broadcast belongs to, or did, oldest first; `home`: the
        address of the StreamHub where it was."""
        self._pipeline = pipeline
        self._policy = policy
        self._campaign_words = WordsThen(campaigns)
        self._memory = Memory("0-0", home)
        self._waiting: list[tuple[Entry, Heard, Force]] = []
        self._would: dict[str, tuple[CommentSubmitted, Verdict]] = {}
        self._was: dict[str, CommentJudged | VerdictRevised] = {}
        self._decided: dict[str, dict[str, str]] = {}
        self._decisions: dict[str, str] = {}

    def feed(self, entries: Iterable[Entry]) -> None:
        """The log's entries, in order."""
        for entry in entries:
            self._memory.learn(entry)
            self._note(entry)
            if len(self._waiting) >= BATCH:
                self._judge()

    def result(self) -> Result:
        self._judge()
        rows = [self._row(comment) for comment in self._would if comment in self._was]
        return Result(
            policy=self._policy.version,
            model=self._pipeline.model_name,
            comments=len(self._would),
            unjudged=len(self._would) - len(rows),
            counts=dict(sorted(Counter(f"{row.was}>{row.would}" for row in rows).items())),
            changes=tuple(row for row in rows if row.was != row.would),
        )

    def _note(self, entry: Entry) -> None:
        match entry.fact:
            case CommentSubmitted():
                force = self._memory.force(self._policy)
                situation = self._memory.situation
                lent = self._campaign_words.at(entry.id, situation.campaigns)
                force = Force(self._policy, situation.words(self._policy, lent), force.claims)
                self._waiting.append((entry, self._memory.heard(entry, self._policy), force))
            case CommentJudged() as fact:
                self._was.setdefault(fact.comment, fact)
            case VerdictRevised() as fact:
                self._was[fact.comment] = fact
            case CommentDecided() as fact:
                self._decided.setdefault(fact.comment, {})[entry.id] = fact.action
                self._decisions[entry.id] = fact.comment
            case DecisionUndone() as fact:
                self._decided.get(self._decisions.get(fact.decision, ""), {}).pop(fact.decision, None)

    def _judge(self) -> None:
        verdicts = self._pipeline.judge([one[1] for one in self._waiting], [one[2] for one in self._waiting])
        for (entry, _, _), verdict in zip(self._waiting, verdicts, strict=True):
            self._would[entry.id] = (entry.fact, verdict)
        self._waiting.clear()

    def _row(self, comment: str) -> Row:
        said, verdict = self._would[comment]
        was = self._was[comment]
        return Row(
            comment=comment,
            text=said.text,
            was=was.action,
            would=verdict.of(comment, model="", policy="").action,
            was_reasons=was.reasons,
            would_reasons=(verdict.finding.reason,) if verdict.finding else (),
            person=next(reversed(self._decided.get(comment, {}).values()), ""),
        )
