"""What the whole cascade says of comments under a video of which neither its letters nor its head have read any.

Run by us and called by `tables.py`: `python -m moderation.model.unseen_video DATASETS --data DATA`, some two minutes
a video. Rules, policy, encoder and claims are those that are shipped; the adapter has read nothing of that site.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from moderation.evaluate import Row as Comment
from moderation.evaluate import evaluate, scores_of
from moderation.measure import auc, measure
from moderation.model.corpus import HEADS, YOUTUBE, foreign_rows, seed_rows
from moderation.model.corpus import Row as Learned
from moderation.model.fit import fit_letters, fit_meaning
from moderation.model.head import FloatArray, Head
from moderation.model.linear import HARMS, Example, Linear, train_linear
from moderation.model.linear_rows import SOURCES, our_rows
from moderation.model.linear_rows import foreign_rows as letters_rows
from moderation.model.prepare import NAME
from moderation.model.seeds import seeds
from moderation.model.train import JOINT, labels, weights
from moderation.normalise import Reading, read
from moderation.pipeline import Model, Pipeline, load_model
from moderation.policy import load_policy

log = logging.getLogger(__name__)

PROMOTION = HARMS.index("promotion")


def unseen_videos(datasets: Path, data: Path) -> dict[str, Any]:
    """Figures by video, each judged by what has not read it, and the mean of their macro-F1."""
    rows = [*seed_rows(), *foreign_rows(datasets, HEADS)]
    examples = [*our_rows(seeds()), *letters_rows(datasets, SOURCES)]
    known = Known(load_model(NAME, data), rows, examples, _joint(data))
    found = {}
    for video, comments in _videos(datasets / YOUTUBE.file).items():
        found[video] = figures(comments, without(known, comments))
        log.info("%s: %s", video, json.dumps(found[video]))
    means = {
        key: round(float(np.mean([each[key] for each in found.values()])), 4) for key in ("macro_f1", "spam or not")
    }
    return {"videos": found, "mean": means}


class Known:
    """The shipped model, what its head and letters learned from, and where the head started."""

    def __init__(
        self, model: Model, rows: Sequence[Learned], examples: Sequence[Example], start: Mapping[str, FloatArray]
    ) -> None:
        self.model = model
        self.rows = rows
        self.vectors = model.encoder.encode([row.reading.plain for row in rows])
        self.examples = examples
        self.start = (start["label"], start["label_bias"])


class Unread(Linear):
    """The shipped linear model with another column for advertising."""

    def __init__(self, shipped: Linear, advertising: Linear) -> None:
        super().__init__(shipped.name, shipped.weights)
        self._advertising = advertising

    def score(self, readings: Sequence[Reading]) -> FloatArray:
        found = super().score(readings)
        found[:, PROMOTION] = self._advertising.score(readings)[:, PROMOTION]
        return found


def without(known: Known, comments: Sequence[Comment]) -> Pipeline:
    """The pipeline as if these comments had never been read."""
    hidden = {read(comment.text).plain for comment in comments}
    seen = [each for each in known.examples if "promotion" in each.about and each.reading.plain not in hidden]
    linear = Unread(Linear.load(), train_linear(seen, harms=("promotion",)))
    places = [i for i, row in enumerate(known.rows) if row.reading.plain not in hidden]
    rows, shipped = [known.rows[i] for i in places], known.model.head
    meaning, meaning_bias = fit_meaning(known.vectors[places], labels(rows), weights(rows), known.start)
    letters, letters_bias = fit_letters([row.reading for row in rows], labels(rows), weights(rows))
    learned = type(shipped.weights)(meaning, meaning_bias, letters, letters_bias, shipped.weights.mix)
    head = Head("unread", shipped.encoder, learned, {})
    return Pipeline(Model(known.model.encoder, head, known.model.index), load_policy(), linear)


def figures(comments: Sequence[Comment], pipeline: Pipeline) -> dict[str, Any]:
    """Of the four labels, as `moderation evaluate` says; of spam against the rest at one half; of what is held."""
    verdicts = evaluate(comments, pipeline).verdicts
    scores = [scores_of(verdict) for verdict in verdicts]
    spam = np.array([comment.truth == "promotion" for comment in comments])
    raw = np.array([row["promotion"] for row in scores])
    held = np.array([verdict.action == "hold" for verdict in verdicts])
    found = measure([comment.truth for comment in comments], scores)
    area = auc(spam, raw)
    return {
        "rows": len(comments),
        "macro_f1": found["macro_f1"],
        "spam or not": round(_macro(spam, raw > 0.5), 4),
        "auc": None if area is None else round(area, 4),
        "harmless said to be": found["confusion"].get("ok", {}),
        "spam held": round(float(held[spam].mean()), 4),
        "harmless held": round(float(held[~spam].mean()), 4),
    }


def _macro(truth: Any, said: Any) -> float:
    each = [
        2 * ((truth == k) & (said == k)).sum() / max((truth == k).sum() + (said == k).sum(), 1) for k in (True, False)
    ]
    return float(np.mean(each))


def _videos(path: Path) -> dict[str, list[Comment]]:
    """Equal comments once, under the last video that has them."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    once = {plain: row for row in rows if (plain := read(row["text"]).plain)}
    found: dict[str, list[Comment]] = {video: [] for video in sorted({row["video"] for row in once.values()})}
    for row in once.values():
        found[row["video"]].append(Comment(row["text"], "spam" if row["spam"] else "ok", "en"))
    return found


def _joint(data: Path) -> dict[str, FloatArray]:
    with np.load(data / "training" / JOINT) as file:
        return {key: file[key] for key in file.files}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("datasets", type=Path, help="folder of other people's labelled sentences")
    arguments.add_argument("--data", type=Path, default=Path("data"), help="keeps the encoder and what training kept")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.stdout.write(json.dumps(unseen_videos(given.datasets, given.data), indent=1) + "\n")


if __name__ == "__main__":
    main()
