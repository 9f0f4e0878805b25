"""The figures of the card: what is shipped, measured on what it was not trained on, and beside simpler models.

Run by us: `python -m moderation.model.tables DATASETS --data DATA` prints tables and writes `weights/figures.json`.
Comments written by somebody who saw none of the seeds; seeds of authors left out (`train.py` kept what the models
said); other people's data sets on their own test parts.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from moderation.evaluate import Row as Comment
from moderation.evaluate import evaluate, read_rows, scores_of
from moderation.judge import NO_WORDS, Evidence, Heard, Verdict, judge_by_rules
from moderation.measure import auc, measure
from moderation.model.checked import checked_tables
from moderation.model.corpus import COLD, FLICC, OTHERS, Row, Source, foreign_rows, labelled, seed_rows
from moderation.model.encoder import resolve
from moderation.model.fallacies import fallacies, readers
from moderation.model.fit import fit_head, fit_letters, fit_meaning
from moderation.model.head import FloatArray, Head, inputs, softmax
from moderation.model.kept import HEAD, SHIPPED
from moderation.model.prepare import NAME, prepare
from moderation.model.train import labels, weights
from moderation.model.tune import reader
from moderation.model.unseen_video import unseen_videos
from moderation.normalise import Reading, read
from moderation.pipeline import Pipeline, load_model
from moderation.policy import load_policy
from moderation.recent import Repeats

log = logging.getLogger(__name__)

HONEST = ("question", "debunk", "quotation")
FIGURES = "figures.json"
COLD_EVERY = 3
"""One in so many rows of its development part is judged: 2,144, which settles the second decimal."""
COLD_ROWS = 4000
"""Of each label, that a head for this question alone learns from."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("datasets", type=Path, help="folder of other people's labelled sentences")
    arguments.add_argument("--data", type=Path, default=Path("data"), help="keeps the encoder and what training kept")
    arguments.add_argument("--held-out", type=Path, nargs="*", default=[], help="comments nobody trained on")
    arguments.add_argument("--only", nargs="*", default=[], help="names in figures.json; the others stay as they are")
    arguments.add_argument("--beside", type=Path, help="see fallacies.py")
    arguments.add_argument("--before", type=Path, help="see unseen_video.py; without it these figures stay")
    arguments.add_argument("--threads", type=int, default=2)
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(given.threads)
    tables = Tables(given.datasets, given.data)
    found: dict[str, Any] = json.loads((SHIPPED / FIGURES).read_text("utf-8"))
    steps: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("checks", lambda: checked_tables(given.data / "training")),
        *((path.name, partial(tables.held_out, path)) for path in given.held_out),
        ("flicc", partial(tables.flicc, given.beside)),
        *([("youtube", partial(unseen_videos, given.datasets, given.data, given.before))] if given.before else ()),
        ("cold", tables.cold),
        *((f"stages {path.name}", partial(tables.stages, path)) for path in given.held_out),
    ]
    for name, step in steps:
        if given.only and name not in given.only:
            continue
        found[name] = step()
        log.info("%s: %s", name, json.dumps(found[name], indent=1))
        (SHIPPED / FIGURES).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")


class Tables:
    """What is shipped, and the frozen encoder beside it."""

    def __init__(self, datasets: Path, data: Path) -> None:
        self.datasets = datasets
        self._data = data
        self.model = load_model(NAME, data)
        self.pipeline = Pipeline(self.model, load_policy())
        self.head = Head.load(SHIPPED / HEAD)
        self._tuned = reader(Path(resolve(NAME, data)))
        self._frozen = reader(prepare(data / "models", adapter=None))
        self.rows = [*seed_rows(), *foreign_rows(datasets, OTHERS)]
        self._frozen_head: Head | None = None
        self._known: dict[str, FloatArray] = {}

    # ── danmaku ──────────────────────────────────────────────────────────────────────────────────

    def held_out(self, path: Path) -> dict[str, Any]:
        comments, mistakes = read_rows(path)
        if mistakes:
            raise SystemExit(f"{path.name}: {len(mistakes)} lines cannot be read")
        forms = [json.loads(line).get("form", "") for line in path.read_text("utf-8").splitlines() if line.strip()]
        found = evaluate(comments, self.pipeline)
        return {
            "whole": _by_language(comments, [scores_of(verdict) for verdict in found.verdicts]),
            "actions": _actions(comments, forms, found.verdicts),
        }

    def stages(self, path: Path) -> dict[str, Any]:
        """Macro-F1 and AUC of each stage with those before it."""
        comments, _ = read_rows(path)
        readings = [read(comment.text) for comment in comments]
        texts = [reading.plain for reading in readings]
        scored = {
            "rules": [{"ok": 1.0, "misinformation": 0.0, "promotion": 0.0, "abuse": 0.0}] * len(readings),
            "letters": self.head.score(readings, None),
            "frozen encoder": self._frozen_scores().score(readings, _alone(self._frozen.encode(texts))),
            "fine-tuned encoder": self._scored(readings),
        }
        findings = [judge_by_rules(Heard(reading, Repeats()), self.pipeline.policy, NO_WORDS) for reading in readings]
        return {
            name: _by_language(
                comments,
                [
                    scores_of(Verdict(rule.finding if rule else None, Evidence(row)))
                    for rule, row in zip(findings, scores, strict=True)
                ],
            )
            for name, scores in scored.items()
        }

    def _scored(self, readings: Sequence[Reading]) -> list[dict[str, float]]:
        """By what is shipped."""
        vectors = self._read([reading.plain for reading in readings])
        return self.head.score(
            readings, inputs(readings, vectors, self.model.index.nearest(vectors, readings), self.model.index)
        )

    def _read(self, texts: Sequence[str]) -> FloatArray:
        """With the fine-tuned encoder; each text once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._tuned.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def _frozen_scores(self) -> Head:
        """A head on the encoder as it was published, from the same rows."""
        if self._frozen_head is None:
            log.info("reading %d rows with the frozen encoder", len(self.rows))
            vectors = self._frozen.encode([row.reading.plain for row in self.rows])
            self._frozen_head = fit_head("frozen", vectors, _parts(self.rows), {})
        return self._frozen_head

    # ── other people's data sets ─────────────────────────────────────────────────────────────────

    def cold(self) -> dict[str, Any]:
        """Offensive or not: by the shipped head, and by a head for this question on the same vectors and letters."""
        train = foreign_rows(self.datasets, (_all(COLD, COLD_ROWS),))
        test = _test(self.datasets / "cold_dev.jsonl", COLD)[::COLD_EVERY]
        scores = self._question(train, test)
        shipped = self._scored([row.reading for row in test])
        truth = [row.label for row in test]
        return {
            "rows": len(test),
            "own head": scores,
            "shipped head": _two([label == "abuse" for label in truth], [row["abuse"] > 0.5 for row in shipped]),
            "shipped auc": _auc([label == "abuse" for label in truth], [row["abuse"] for row in shipped]),
        }

    def flicc(self, beside: Path | None) -> dict[str, Any]:
        """Which of twelve fallacies, and how often what is shipped says that a sentence misleads."""
        train, test = (self.datasets / f"flicc_{part}.jsonl" for part in ("train", "val"))
        found = fallacies(train, test, *readers(self._data, beside))
        scored = self._scored([row.reading for row in _test(test, FLICC)])
        said = np.mean([max(row, key=lambda label: row[label]) == "misinformation" for row in scored])
        return {**found, "said to be misinformation": round(float(said), 3)}

    def _question(self, train: Sequence[Row], test: Sequence[Row]) -> dict[str, Any]:
        truth = [row.label == "abuse" for row in test]
        found = self._answers(train, test, [int(row.label == "abuse") for row in train], 2)
        return {
            name: {"macro_f1": _two(truth, (raw.argmax(1) == 1).tolist()), "auc": _auc(truth, raw[:, 1].tolist())}
            for name, raw in found.items()
        }

    def _answers(
        self, train: Sequence[Row], test: Sequence[Row], answers: Sequence[int], count: int
    ) -> dict[str, FloatArray]:
        """Probabilities from the letters, from the fine-tuned vectors, and from both."""
        y, even = np.array(answers), np.ones(len(train), dtype=np.float32)
        seen, asked = (self._read([row.reading.plain for row in rows]) for rows in (train, test))
        weight, bias = fit_meaning(seen, y, even, answers=count)
        meaning = softmax(asked @ weight + bias)
        table = fit_letters([row.reading for row in train], y, even, answers=count)
        letters = softmax(_letters([row.reading for row in test], *table))
        both = np.asarray(0.65 * meaning + 0.35 * letters, dtype=np.float32)
        return {"letters": letters, "meaning": meaning, "both": both}


def _alone(vectors: FloatArray) -> FloatArray:
    """Inputs of the head where nothing is known of claims."""
    return np.hstack([vectors, np.zeros((len(vectors), 1), dtype=np.float32)])


def _letters(readings: Sequence[Reading], table: FloatArray, bias: FloatArray) -> FloatArray:
    from moderation.model.head import grams

    rows = []
    for reading in readings:
        buckets = grams(reading)
        rows.append(table[buckets].sum(axis=0) / np.sqrt(max(len(buckets), 1)) + bias)
    return np.stack(rows)


def _parts(rows: Sequence[Row]) -> Any:
    return [row.reading for row in rows], labels(rows), weights(rows)


def _all(source: Source, most: int) -> Source:
    return type(source)(source.file, source.field, source.yes, source.no, most, 1.0, source.lang)


def _test(path: Path, source: Source) -> list[Row]:
    return [
        Row(read(text), label, 1.0, path.name, source.lang, fallacy=fields.get("fallacy", ""))
        for text, label, fields in labelled(path, source)
        if read(text).plain
    ]


def _by_language(comments: Sequence[Comment], scores: Sequence[dict[str, float]]) -> dict[str, Any]:
    found = {}
    for lang in ("zh", "en"):
        there = [i for i, comment in enumerate(comments) if comment.language == lang]
        figures = measure([comments[i].truth for i in there], [scores[i] for i in there])
        found[lang] = {
            "rows": len(there),
            "macro_f1": figures["macro_f1"],
            "f1": {label: each["f1"] for label, each in figures["labels"].items()},
            "auc": {label: each["auc"] for label, each in figures["labels"].items()},
        }
    return found


def _actions(comments: Sequence[Comment], forms: Sequence[str], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Shares held or rejected, and annotated, of what matters."""
    action = [verdict.finding.action if verdict.finding else "publish" for verdict in verdicts]
    groups = {
        "honest questions, debunks, quotations": [form in HONEST for form in forms],
        "harmless": [comment.truth == "ok" for comment in comments],
        "promotion and abuse": [comment.truth in ("promotion", "abuse") for comment in comments],
        "misinformation": [comment.truth == "misinformation" for comment in comments],
    }
    return {
        name: {
            "rows": sum(there),
            "held": _share([a in ("hold", "reject") for a, t in zip(action, there, strict=True) if t]),
            "annotated": _share([a == "annotate" for a, t in zip(action, there, strict=True) if t]),
        }
        for name, there in groups.items()
        if any(there)
    }


def _share(found: Sequence[bool]) -> float:
    return round(float(np.mean(found)), 4)


def _auc(truth: Sequence[bool], raw: Sequence[float]) -> float | None:
    value = auc(np.array(truth), np.array(raw, dtype=np.float64))
    return None if value is None else round(value, 4)


def _two(truth: Sequence[bool], said: Sequence[bool]) -> float:
    return _macro([int(t) for t in truth], [int(s) for s in said], 2)


def _macro(truth: Sequence[int], said: Sequence[int], count: int) -> float:
    t, s = np.array(truth), np.array(said)
    each = [2 * ((t == k) & (s == k)).sum() / max((t == k).sum() + (s == k).sum(), 1) for k in range(count)]
    return round(float(np.mean(each)), 4)


if __name__ == "__main__":
    main()
