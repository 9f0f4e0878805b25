"""Random histories of a broadcast, written to a real log: used by the report's tests.

A history is a list of steps; `write` appends them one by one. A step names earlier entries by number, so
references hit comments, decisions, anything, and now and then something that is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from streamhub.facts import (
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Note,
    QuestionMoved,
    QuestionVoted,
    Reason,
    ViewerJoined,
)
from streamhub.record.log import Log
from streamhub.state.broadcast import BroadcastState, advance

Step = tuple[Any, ...]

viewers = st.sampled_from(["v-a", "v-b", "v-c", "v-d", "访客"])
places = st.integers(0, 30)
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

steps = st.one_of(
    st.tuples(st.just("join"), viewers, st.sampled_from(["web", "form", "replay"])),
    st.tuples(st.just("say"), viewers, st.sampled_from(["comment", "question"]), st.booleans(), st.text(max_size=5)),
    st.tuples(st.just("say"), viewers, st.just("question"), st.just(False), st.just("Why? 为什么？")),
    st.tuples(st.just("judge"), places, st.sampled_from(["publish", "annotate", "hold", "reject"]), reasons, notes),
    st.tuples(st.just("judge"), places, st.just("publish"), st.just(()), st.none()),
    st.tuples(st.just("decide"), places, st.sampled_from(["publish", "annotate", "reject"]), notes),
    st.tuples(st.just("vote"), places, viewers, st.booleans()),
    st.tuples(st.just("move"), places, progress, st.sampled_from(["", "Because. 因为。"])),
    st.tuples(st.just("undo"), places),
)
histories = st.lists(steps, max_size=60)


async def write(log: Log, history: Sequence[Step]) -> None:
    ids: list[str] = []

    def at(place: int) -> str:
        return ids[place % len(ids)] if ids and place < 28 else "99-0"

    for n, step in enumerate(history):
        ids.append((await log.append(_fact(step, at), once=f"{n}")).id)


def _fact(step: Step, at: Any) -> Any:
    match step:
        case ("join", viewer, via):
            return ViewerJoined(viewer=viewer, via=via)
        case ("say", viewer, kind, simulated, text):
            return CommentSubmitted(viewer=viewer, nick=viewer, text=text, kind=kind, simulated=simulated)
        case ("judge", place, action, why, note):
            return CommentJudged(comment=at(place), action=action, reasons=why, note=note)
        case ("decide", place, action, note):
            return CommentDecided(comment=at(place), action=action, by="host", note=note)
        case ("vote", place, viewer, up):
            return QuestionVoted(question=at(place), viewer=viewer, up=up)
        case ("move", place, to, answer):
            return QuestionMoved(question=at(place), to=to, by="host", answer=answer)
        case ("undo", place):
            return DecisionUndone(decision=at(place), by="host")
    raise AssertionError(step)


async def fold(log: Log) -> BroadcastState:
    state = BroadcastState()
    async for entry in log.all():
        advance(state, entry)
    return state
