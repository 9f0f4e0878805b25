"""A video's comments are hidden from letters and head before they are judged, and the figures are of the cascade."""

from __future__ import annotations

from moderation.evaluate import Row as Comment
from moderation.evaluate import evaluate
from moderation.model.corpus import Row
from moderation.model.linear import Example
from moderation.model.unseen_video import Known, figures, without
from moderation.normalise import read
from moderation.pipeline import Model

HIDDEN = "zorbla quendip vastorm"
"""Words that nobody says: only who has read them can know what they are."""

OTHERS = [f"come and see page number {n} of mine, it sells lamps" for n in range(20)]
HARMLESS = [f"the sound of minute {n} is my favourite" for n in range(20)]


def _known(model: Model, hidden: int) -> Known:
    texts = [*((text, "promotion") for text in [*OTHERS, *[HIDDEN] * hidden]), *((text, "ok") for text in HARMLESS)]
    rows = [Row(read(text), label, 1.0, "test") for text, label in texts]  # type: ignore[arg-type]
    examples = [Example(row.reading, row.label) for row in rows]
    start = {"label": model.head.weights.meaning, "label_bias": model.head.weights.meaning_bias}
    return Known(model, rows, examples, start)


def test_what_is_hidden_teaches_nothing(model: Model) -> None:
    hidden, other = [Comment(HIDDEN, "spam", "en")], [Comment("a video of another", "ok", "en")]

    def said(known: Known, left_out: list[Comment]) -> float:
        [verdict] = evaluate(hidden, without(known, left_out)).verdicts
        return verdict.evidence.scores["promotion"] if verdict.evidence else 0.0

    known = _known(model, 10)
    assert said(known, hidden) == said(_known(model, 0), hidden)
    assert said(known, other) > said(known, hidden) + 0.1


def test_figures_are_of_the_four_labels_and_of_what_is_held(model: Model) -> None:
    comments = [Comment("加微信 abc123 领红包", "spam", "zh"), Comment("the reef is lovely today", "ok", "en")]
    found = figures(comments, without(_known(model, 0), comments))
    assert found["rows"] == 2 and found["spam held"] == 1.0 and found["harmless held"] == 0.0
    assert sum(found["harmless said to be"].values()) == 1
