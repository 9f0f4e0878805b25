"""The model of fallacies learns from words and vectors, and judges no row by what has seen it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from moderation.model.fallacies import PARTS, fallacies, parts

WORDS = {
    "ad hominem": "the {n} scientists are liars and frauds who want grants",
    "anecdote": "my garden had frost {n} times this spring so much for warming",
    "false choice": "either we burn coal or {n} million people freeze in the dark",
}


def _write(path: Path, numbers: range) -> Path:
    rows = [{"text": said.format(n=n), "fallacy": name} for n in numbers for name, said in WORDS.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_fallacies_are_learned_from_words_where_the_vector_says_nothing(tmp_path: Path) -> None:
    train, test = _write(tmp_path / "train.jsonl", range(10, 20)), _write(tmp_path / "val.jsonl", range(30, 34))
    noise = np.random.default_rng(1)
    readers = {name: lambda texts: noise.normal(size=(len(texts), 6)) for name in ("one", "other")}
    found = fallacies(train, test, readers, {"words": 0.6, "one": 0.2, "other": 0.2})
    assert found["rows"] == 12
    assert found["macro_f1"]["words"] == found["macro_f1"]["together"] == 1.0
    assert found["macro_f1"]["one"] < 0.8
    assert found["inside the training part"]["words"] == 1.0


def test_every_answer_is_spread_over_the_parts() -> None:
    answers = np.array([0] * 11 + [1] * 5)
    part = parts(answers)
    assert set(part[answers == 1].tolist()) == set(range(PARTS))
    assert np.bincount(part[answers == 0]).tolist() == [3, 2, 2, 2, 2]
    assert parts(answers).tolist() == part.tolist()
