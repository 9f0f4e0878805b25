"""A video's comments are hidden from letters and head before they are judged, and the figures are of the cascade."""

from __future__ import annotations

import numpy as np

from moderation.evaluate import Row as Comment
from moderation.model.corpus import Row
from moderation.model.linear import Example
from moderation.model.unseen_video import PROMOTION, figures, fitted, plain, unread, without
from moderation.normalise import read
from moderation.pipeline import Model, Pipeline
from moderation.policy import load_policy

HIDDEN = "zorbla quendip vastorm"
"""Words that nobody says: only who has read them can know what they are."""

OTHERS = [f"come and see page number {n} of mine, it sells lamps" for n in range(20)]
HARMLESS = [f"the sound of minute {n} is my favourite" for n in range(20)]
LEFT_OUT = plain([Comment(HIDDEN, "spam", "en")])


def _rows(hidden: int) -> list[Row]:
    texts = [*((text, "promotion") for text in [*OTHERS, *[HIDDEN] * hidden]), *((text, "ok") for text in HARMLESS)]
    return [Row(read(text), label, 1.0, "test") for text, label in texts]  # type: ignore[arg-type]


def test_the_letters_are_taught_nothing_that_is_hidden() -> None:
    def said(hidden: int, left_out: frozenset[str]) -> float:
        examples = [Example(row.reading, row.label) for row in _rows(hidden)]
        return float(unread(examples, left_out).score([read(HIDDEN)])[0, PROMOTION])

    assert said(10, LEFT_OUT) == said(0, frozenset())
    assert said(10, frozenset()) > said(10, LEFT_OUT) + 0.1


def test_the_head_is_taught_nothing_that_is_hidden(model: Model) -> None:
    weights = model.head.weights

    def said(hidden: int, left_out: frozenset[str]) -> float:
        rows = without(_rows(hidden), left_out)
        vectors = model.encoder.encode([row.reading.plain for row in rows])
        head = fitted(model.encoder.name, rows, vectors, (weights.meaning, weights.meaning_bias))
        seen = np.append(model.encoder.encode([HIDDEN])[0], 0.0)[None]
        return head.score([read(HIDDEN)], seen.astype(np.float32))[0]["promotion"]

    assert said(10, LEFT_OUT) == said(0, frozenset())
    assert said(10, frozenset()) > said(10, LEFT_OUT) + 0.1


def test_figures_are_of_the_four_labels_and_of_what_is_held(model: Model) -> None:
    comments = [Comment("加微信 abc123 领红包", "spam", "zh"), Comment("the reef is lovely today", "ok", "en")]
    found = figures(comments, Pipeline(model, load_policy()))
    assert found["rows"] == 2 and found["spam held"] == 1.0 and found["harmless held"] == 0.0
    assert sum(found["harmless said to be"].values()) == 1
