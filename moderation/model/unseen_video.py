"""What the whole cascade says of comments under a video of which none of its models has read any.

Run by us and called by `tables.py`: `python -m moderation.model.unseen_video DATASETS --data DATA --before FOLDER`,
some ten minutes a video. FOLDER has the adapter that had read none of these comments, and the head that was tuned
together with it; from there it is tuned on the other videos, as the shipped one was on all. Rules, policy and claims
are those that are shipped.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from moderation.evaluate import Row as Comment
from moderation.evaluate import evaluate, scores_of
from moderation.measure import auc, measure
from moderation.model.claim_words import load_words
from moderation.model.claims import ClaimIndex, forms
from moderation.model.corpus import YOUTUBE
from moderation.model.corpus import Row as Learned
from moderation.model.fit import Fitted, fit_letters, fit_meaning
from moderation.model.head import FloatArray, Head
from moderation.model.kept import ADAPTER, CLAIM_WORDS, HEAD, SHIPPED
from moderation.model.linear import HARMS, Example, Linear, train_linear
from moderation.model.linear_rows import SOURCES, our_rows
from moderation.model.linear_rows import foreign_rows as letters_rows
from moderation.model.lora import TOPIC, save_adapter
from moderation.model.prepare import prepare
from moderation.model.quick import QuickEncoder
from moderation.model.seeds import seeds
from moderation.model.train import JOINT, Training, labels, weights
from moderation.model.tune import Settings, reader
from moderation.normalise import Reading, read
from moderation.pipeline import Model, Pipeline
from moderation.policy import load_policy

log = logging.getLogger(__name__)

TUNING = Settings(passes=2, rate=6e-4, prefix="")
REREAD = 12
"""One in so many of the seeds that were read before, in each pass: fewer than for what is shipped, to save time."""

Teaches = TypeVar("Teaches", Learned, Example)

PROMOTION = HARMS.index("promotion")


def unseen_videos(datasets: Path, data: Path, before: Path, only: Sequence[str] = ()) -> dict[str, Any]:
    """Figures by video, each judged by what has not read it, and the mean of their macro-F1."""
    training = Training(datasets, data, TUNING)
    training.go_on(before / ADAPTER, before / JOINT)
    training.reread = REREAD
    examples = [*our_rows(seeds()), *letters_rows(datasets, SOURCES)]
    found = {}
    for video, comments in _videos(datasets / YOUTUBE.file).items():
        if only and video not in only:
            continue
        hidden = plain(comments)
        rows = without([*training.seeds, *training.others], hidden)
        with tempfile.TemporaryDirectory() as folder:
            model = tuned(training, rows, Path(folder))
        found[video] = figures(comments, Pipeline(model, load_policy(), unread(examples, hidden)))
        log.info("%s: %s", video, json.dumps(found[video]))
    means = {
        key: round(float(np.mean([each[key] for each in found.values()])), 4) for key in ("macro_f1", "spam or not")
    }
    return {"videos": found, "mean": means}


def without(rows: Sequence[Teaches], hidden: frozenset[str]) -> list[Teaches]:
    return [row for row in rows if row.reading.plain not in hidden]


def plain(comments: Sequence[Comment]) -> frozenset[str]:
    return frozenset(read(comment.text).plain for comment in comments)


def tuned(training: Training, rows: Sequence[Learned], folder: Path) -> Model:
    """Encoder, head and claims that have read these rows and, of these comments, no others."""
    ours = {row.source for row in training.seeds}
    mine, others = ([row for row in rows if (row.source in ours) is known] for known in (True, False))
    tuner = training.tune(mine, others, training.settings)
    tensors = tuner.tensors()
    save_adapter(folder / ADAPTER, tensors, {key: getattr(training.settings, key) for key in ("layers", "prefix")})
    prepared = prepare(folder, adapter=folder / ADAPTER)
    read_by, joint, wordings = reader(prepared), tuner.joint(), forms()
    vectors = read_by.encode([row.reading.plain for row in rows])
    words = load_words(SHIPPED / CLAIM_WORDS)
    index = ClaimIndex(wordings, read_by.encode(wordings.texts), tensors[TOPIC], words)
    head = fitted(prepared.name, rows, vectors, (joint["label"], joint["label_bias"]))
    return Model(QuickEncoder(prepared), head, index, words)


def fitted(encoder: str, rows: Sequence[Learned], vectors: FloatArray, start: Fitted) -> Head:
    """A head of these rows. What meaning, letters and nearness count is as shipped."""
    shipped = Head.load(SHIPPED / HEAD).weights
    meaning, meaning_bias = fit_meaning(vectors, labels(rows), weights(rows), start)
    letters, letters_bias = fit_letters([row.reading for row in rows], labels(rows), weights(rows))
    learned = msgspec.structs.replace(
        shipped, meaning=meaning, meaning_bias=meaning_bias, letters=letters, letters_bias=letters_bias
    )
    return Head("unread", encoder, learned, {})


def unread(examples: Sequence[Example], hidden: frozenset[str]) -> Linear:
    """The shipped linear model with a column for advertising that has not read what is hidden."""
    seen = [each for each in without(examples, hidden) if "promotion" in each.about]
    return Unread(Linear.load(), train_linear(seen, harms=("promotion",)))


class Unread(Linear):
    """The shipped linear model with another column for advertising."""

    def __init__(self, shipped: Linear, advertising: Linear) -> None:
        super().__init__(shipped.name, shipped.weights)
        self._advertising = advertising

    def score(self, readings: Sequence[Reading]) -> FloatArray:
        found = super().score(readings)
        found[:, PROMOTION] = self._advertising.score(readings)[:, PROMOTION]
        return found


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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("datasets", type=Path, help="folder of other people's labelled sentences")
    arguments.add_argument("--data", type=Path, default=Path("data"), help="keeps the encoder")
    arguments.add_argument("--before", type=Path, required=True, help="adapter and joint head that tuning begins with")
    arguments.add_argument("--only", nargs="*", default=(), help="these videos and no others")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.stdout.write(json.dumps(unseen_videos(given.datasets, given.data, given.before, given.only), indent=1) + "\n")


if __name__ == "__main__":
    main()
