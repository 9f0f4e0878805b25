"""Decisions of people as training rows: what a comment said and what a person made of it, without who said it.

Called by the API. Only with the organizer's consent, which is a fact of the broadcast and can be taken back;
rows that were exported before stay where they were taken, which the page says.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping

import msgspec

from streamhub.commands import refuse
from streamhub.record.log import Log
from streamhub.state.broadcast import BroadcastState
from streamhub.state.comments import Comment
from streamhub.state.projection import position

LABEL_OF: Mapping[str, str] = {
    "contact": "promotion",
    "promotion": "promotion",
    "abuse": "abuse",
    "repetition": "spam",
    "misinformation": "misinformation",
    "claim": "misinformation",
}
"""Why something was rejected (a check's reason or a viewer's) -> the label of the row."""

_HAN = re.compile(r"[\u3400-\u9fff]")


class TrainingRow(msgspec.Struct, frozen=True):
    """One line of the export; the shape that `streamhub moderation evaluate` and the training read."""

    text: str
    label: str
    lang: str


async def rows(state: BroadcastState, log: Log) -> AsyncIterator[TrainingRow]:
    """A row for each comment whose decision stands and says why; in the order of the comments.

    Raises Refused("forbidden") without consent. A text that was erased from the log makes no row, also while this
    process or a snapshot still knows it."""
    if not state.policy.training:
        raise refuse("forbidden", "the organizer has not allowed training with this broadcast", field="training")
    decided = {name for name in state.comments.decision_of.values() if state.comments.by_id[name].standing}
    for comment in sorted((state.comments.by_id[name] for name in decided), key=lambda c: position(c.id)):
        if comment.text.strip() and await log.has(comment.id) and (label := label_of(comment)):
            yield TrainingRow(comment.text, label, "zh" if _HAN.search(comment.text) else "en")


def label_of(comment: Comment) -> str:
    """What the decision says the comment is; "" where a person rejected it and nothing says why.

    Published is harmless; a source card answers what is misleading, but beside a question it only informs."""
    action = comment.decisions[comment.standing].action
    if action == "publish" or (action == "annotate" and comment.kind == "question"):
        return "ok"
    if action == "annotate":
        return "misinformation"
    said: list[str] = [reason.code for reason in comment.verdict.reasons] if comment.verdict else []
    said += [report.why for report in comment.reports.values()]
    return next((LABEL_OF[code] for code in said if code in LABEL_OF), "")
