"""Which of twelve fallacies a misleading sentence commits: words and letters beside the vectors of encoders.

Run by us for the table in docs/moderation.md and called by `tables.py`; nothing of it is shipped, a claim carries its
fallacy. `python -m moderation.model.fallacies DATASETS --data DATA [--beside FOLDER]` prints the check inside the
training part first; FOLDER is a `transformers` folder of all-MiniLM-L6-v2.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from moderation.normalise import read

Numbers = NDArray[np.float64]
Vectors = Callable[[Sequence[str]], Any]
"""Texts -> one row each."""

BITS = 18
PIECES = (2, 3, 4, 5)
"""Letters of a piece of a word, its borders counted."""

PARTS = 5
"""Of the training part, each judged by what saw the others. On these, and on no row of the validation part, were
chosen: the features, how much weights may grow, and what each vector counts."""

WORDS_ROOM, VECTOR_ROOM = 5.0, 1.0
"""How much weights may grow (the inverse of the penalty)."""

ALONE = {"words": 0.6, "e5": 0.4}
BESIDE = {"words": 0.6, "e5": 0.1, "minilm": 0.3}
"""What counts how much, with one encoder and with another one beside it: the two were trained on other things, and
err in other places."""


def fallacies(train: Path, test: Path, readers: Mapping[str, Vectors], shares: Mapping[str, float]) -> dict[str, Any]:
    """Macro-F1 inside the training part and on the other file, by words, by each vector, and by all together.

    `shares`: what "words" and each reader count."""
    (texts, answers), (asked, truth) = _labelled(train), _labelled(test)
    names = sorted(set(answers))
    y, t = (np.array([names.index(name) for name in column]) for column in (answers, truth))
    whole, rows, part = [*texts, *asked], len(texts), parts(y)
    grams = _counts(whole)
    seen = {name: np.asarray(vectors(whole), dtype=np.float64) for name, vectors in readers.items()}
    checked = {name: np.zeros((rows, len(names))) for name in shares}
    for number in range(PARTS):
        judged = part == number
        first = {name: vectors[:rows] for name, vectors in seen.items()}
        found = _answers(grams[:rows], first, ~judged, y[~judged], len(names))
        for name, raw in found.items():
            checked[name][judged] = raw[judged]
    final = _answers(grams, seen, np.arange(len(whole)) < rows, y, len(names))
    return {
        "rows": len(asked),
        "inside the training part": _figures(checked, shares, y),
        "macro_f1": _figures({name: raw[rows:] for name, raw in final.items()}, shares, t),
    }


def parts(answers: NDArray[np.int64]) -> NDArray[np.int64]:
    """To which part each row belongs: drawn, every answer spread evenly; always the same."""
    draw, part = np.random.default_rng(0), np.zeros(len(answers), dtype=np.int64)
    for answer in np.unique(answers):
        places = draw.permutation(np.flatnonzero(answers == answer))
        part[places] = np.arange(len(places)) % PARTS
    return part


def _labelled(path: Path) -> tuple[list[str], list[str]]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [row["text"] for row in rows], [row["fallacy"] for row in rows]


def _figures(found: dict[str, Numbers], shares: Mapping[str, float], truth: NDArray[np.int64]) -> dict[str, float]:
    together = np.sum([share * found[name] for name, share in shares.items()], axis=0)
    said = {**found, "together": together}
    return {name: round(_macro(truth, raw.argmax(axis=1)), 4) for name, raw in said.items()}


def _macro(truth: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    names = np.unique(truth)
    return float(
        np.mean([2 * ((truth == k) & (said == k)).sum() / ((truth == k).sum() + (said == k).sum()) for k in names])
    )


def _answers(
    grams: Any, seen: Mapping[str, Numbers], known: NDArray[np.bool_], answers: NDArray[np.int64], count: int
) -> dict[str, Numbers]:
    """Probabilities for every row, learned from the known ones."""
    weighed = _weighed(grams, known)
    found = {"words": _said(weighed, *_fit(weighed[known], answers, count, WORDS_ROOM))}
    for name, vectors in seen.items():
        spread = vectors[known].std(axis=0) * np.sqrt(vectors.shape[1])
        scaled = (vectors - vectors[known].mean(axis=0)) / np.maximum(spread, 1e-9)
        found[name] = _said(scaled, *_fit(scaled[known], answers, count, VECTOR_ROOM))
    return found


# ── words and letters ────────────────────────────────────────────────────────────────────────────


def _counts(texts: Sequence[str]) -> Any:
    """Sparse (rows, buckets): words, pairs of neighbours, pieces of words; the logarithm of how often."""
    from scipy import sparse

    rows, buckets = [], []
    for row, text in enumerate(texts):
        found = [crc32(gram.encode()) >> (32 - BITS) for gram in _grams(text)]
        rows += [row] * len(found)
        buckets += found
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, buckets)), shape=(len(texts), 1 << BITS))
    counts.sum_duplicates()
    counts.data = 1 + np.log(counts.data)
    return counts


def _grams(text: str) -> list[str]:
    words = _MARKS.sub(" ", read(text).folded).split()
    found = [*words, *(f"{a} {b}" for a, b in pairwise(words))]
    for word in (f" {word} " for word in words):
        found += [f"c{word[i : i + size]}" for size in PIECES for i in range(len(word) - size + 1)]
    return found


_MARKS = re.compile(r"[^\w']+")


def _weighed(counts: Any, known: NDArray[np.bool_]) -> Any:
    """Rare ones count more, rows have length 1; what fewer than two known rows hold is left out."""
    from scipy import sparse

    held = np.bincount(counts[known].indices, minlength=counts.shape[1])
    rarity = np.where(held > 1, np.log((1 + known.sum()) / (1 + held)) + 1, 0.0)
    weighed = counts.multiply(rarity[None]).tocsr()
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return (sparse.diags(1 / np.maximum(lengths, 1e-9)) @ weighed)[:, np.flatnonzero(rarity)].tocsr()


# ── learning ─────────────────────────────────────────────────────────────────────────────────────


def _fit(x: Any, answers: NDArray[np.int64], count: int, room: float) -> tuple[Numbers, Numbers]:
    """Logistic regression over all answers; each answer counts the same, however often it is given."""
    from scipy.optimize import minimize

    size, turned, given = x.shape[1], x.T, np.eye(count)[answers]
    weight = (len(answers) / count / np.bincount(answers, minlength=count))[answers]

    def loss(values: Numbers) -> tuple[float, Numbers]:
        table = values[:-count].reshape(size, count)
        raw = x @ table + values[-count:]
        raw = raw - raw.max(axis=1, keepdims=True)
        logs = raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
        slope = (np.exp(logs) - given) * weight[:, None]
        value = -(weight * (logs * given).sum(axis=1)).sum() + (table * table).sum() / 2 / room
        return float(value), np.append((turned @ slope + table / room).ravel(), slope.sum(axis=0))

    start = np.zeros(size * count + count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60, "maxcor": 6}).x
    return found[:-count].reshape(size, count), found[-count:]


def _said(x: Any, table: Numbers, bias: Numbers) -> Numbers:
    raw = np.asarray(x @ table + bias)
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def readers(data: Path, beside: Path | None = None) -> tuple[dict[str, Vectors], Mapping[str, float]]:
    """The encoder as it was published, perhaps another one beside it, and what they count."""
    from moderation.model.encoder import Encoder
    from moderation.model.prepare import prepare
    from moderation.model.tune import reader

    found = {"e5": _reading(reader(prepare(data / "models", adapter=None)))}
    if beside is None:
        return found, ALONE
    return {**found, "minilm": _reading(Encoder(beside))}, BESIDE


def _reading(encoder: Any) -> Vectors:
    return lambda texts: encoder.encode([read(text).plain for text in texts])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("datasets", type=Path, help="folder of other people's labelled sentences")
    arguments.add_argument("--data", type=Path, default=Path("data"), help="keeps the encoder")
    arguments.add_argument("--beside", type=Path, help="folder of all-MiniLM-L6-v2")
    given = arguments.parse_args()
    train, test = (given.datasets / f"flicc_{part}.jsonl" for part in ("train", "val"))
    found = fallacies(train, test, *readers(given.data, given.beside))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
