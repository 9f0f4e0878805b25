"""Random histories of a broadcast, written to a real log: used by the report's tests.

A history is a list of steps; `write` appends them one by one. A step picks the entry that it names by number:
mostly one of the right kind, now and then any other, one that is still to come, or one that never was. Ids are
given, three to a millisecond and from 990 ms on, so that their order as numbers is not their order as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from streamhub.facts import (
    AppealMade,
    CommentDecided,
    CommentJudged,
    CommentReported,
    CommentSubmitted,
    DecisionUndone,
    Note,
    QuestionMoved,
    QuestionVoted,
    Reason,
    VerdictRevised,
    ViewerJoined,
)
from streamhub.record.log import Log
from streamhub.state.broadcast import BroadcastState, advance

Step = tuple[Any, ...]

viewers = st.sampled_from(["v-a", "v-b", "访客"])
picks = st.integers(0, 99)
notes = st.none() | st.sampled_from(["M1", "M2", "M3"]).map(
    lambda claim: Note(
        claim=claim, claim_zh=f"误解{claim}", claim_en=f"myth {claim}", fact_zh="", fact_en="", source="IPCC", url=""
    )
)
reasons = st.lists(
    st.sampled_from(["contact", "promotion", "claim", "unsure", "abuse"]).map(lambda code: Reason(code=code)),
    max_size=3,
).map(tuple)
progress = st.sampled_from(["waiting", "answering", "answered", "later", "dismissed"])

kinds = st.sampled_from(["question", "question", "comment"])
actions = st.sampled_from(["publish", "annotate", "hold", "reject"])
steps = st.one_of(
    st.tuples(st.just("join"), viewers, st.sampled_from(["web", "form", "replay"])),
    st.tuples(st.just("say"), viewers, kinds, st.booleans(), st.text(max_size=5)),
    st.tuples(st.just("judge"), picks, actions, reasons, notes),
    st.tuples(st.just("judge in haste"), picks, actions, reasons, notes),
    st.tuples(st.just("revise"), picks, actions, reasons, notes),
    st.tuples(st.just("decide"), picks, st.sampled_from(["publish", "annotate", "reject"]), notes),
    st.tuples(st.just("vote"), picks, viewers, st.booleans()),
    st.tuples(st.just("move"), picks, progress, st.sampled_from(["", "Because. 因为。"])),
    st.tuples(st.just("undo"), picks),
    st.tuples(st.just("report"), picks, viewers, st.booleans()),
    st.tuples(st.just("appeal"), picks, viewers),
)
said = st.tuples(st.just("say"), viewers, st.just("question"), st.booleans(), st.just("Why? 为什么？"))
shown = st.tuples(st.just("judge"), st.integers(0, 60), st.just("publish"), reasons, notes)
histories = st.tuples(
    st.lists(said, min_size=1, max_size=3),
    st.lists(shown, max_size=4),
    st.lists(steps, min_size=10, max_size=50),
).map(lambda parts: [step for part in parts for step in part])

STRAY = 85
"""Picks from here on name something odd."""


class Names:
    """The entries so far, by what may be named."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.comments: list[str] = []
        self.decisions: list[str] = []

    def add(self, fact: Any) -> str:
        name = self._id(len(self.ids))
        self.ids.append(name)
        if isinstance(fact, CommentSubmitted):
            self.comments.append(name)
        if isinstance(fact, CommentDecided | QuestionMoved):
            self.decisions.append(name)
        return name

    def pick(self, names: Sequence[str], number: int) -> str:
        if number < STRAY:
            return names[number % len(names)] if names else "99-0"
        if number < 90:
            return self.ids[number % len(self.ids)] if self.ids else "99-0"
        return self._id(len(self.ids) + number - 90)

    @staticmethod
    def _id(number: int) -> str:
        return f"{990 + number // 3}-{number % 3}"


async def write(log: Log, history: Sequence[Step]) -> None:
    names = Names()
    for step in history:
        fact = _fact(step, names)
        await log.store.xadd(log.key, {"f": msgspec.json.encode(fact)}, id=names.add(fact))


def _fact(step: Step, names: Names) -> Any:
    match step:
        case ("join", viewer, via):
            return ViewerJoined(viewer=viewer, via=via)
        case ("say", viewer, kind, simulated, text):
            return CommentSubmitted(viewer=viewer, nick=viewer, text=text, kind=kind, simulated=simulated)
        case ("judge", pick, action, why, note):
            return CommentJudged(comment=names.pick(names.comments, pick), action=action, reasons=why, note=note)
        case ("judge in haste", pick, action, why, note):
            return CommentJudged(
                comment=names.pick(names.comments, pick), action=action, reasons=why, note=note, provisional=True
            )
        case ("revise", pick, action, why, note):
            return VerdictRevised(comment=names.pick(names.comments, pick), action=action, reasons=why, note=note)
        case ("decide", pick, action, note):
            return CommentDecided(comment=names.pick(names.comments, pick), action=action, by="host", note=note)
        case ("vote", pick, viewer, up):
            return QuestionVoted(question=names.pick(names.comments, pick), viewer=viewer, up=up)
        case ("move", pick, to, answer):
            return QuestionMoved(question=names.pick(names.comments, pick), to=to, by="host", answer=answer)
        case ("report", pick, viewer, hides):
            return CommentReported(comment=names.pick(names.comments, pick), viewer=viewer, why="abuse", hides=hides)
        case ("appeal", pick, viewer):
            return AppealMade(comment=names.pick(names.comments, pick), viewer=viewer, text="look again")
        case ("undo", pick):
            return DecisionUndone(decision=names.pick(names.decisions, pick), by="host")
    raise AssertionError(step)


async def fold(log: Log) -> BroadcastState:
    state = BroadcastState()
    async for entry in log.all():
        advance(state, entry)
    return state
