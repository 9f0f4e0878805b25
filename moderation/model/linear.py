"""The linear model: what the letters of a comment say of advertising, insults and misleading statements.

Called by `pipeline.py` between the rules and the encoder, in batches. Hashed character and word n-grams of the folded
and the squeezed reading, one logistic regression per label; numpy alone, no pickle. `train_linear` makes the weights.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from moderation.checks.patterns import GROUPS, rulebook
from moderation.normalise import Reading

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

WEIGHTS = Path(__file__).parent / "weights" / "linear.safetensors"

HARMS = ("misinformation", "promotion", "abuse")
"""One column each. What is none of them is harmless."""

BITS = 18
BUCKETS = 1 << BITS
SIZES = (1, 2, 3, 4)
"""Lengths of the n-grams of both readings."""

LONGEST = 240
"""Characters looked at: a comment has 200."""

RULE_WEIGHT = 2.0
"""A rule that fires counts as many n-grams of its own: letters and rules are weighed together."""

_PRIME = np.uint32(2654435761)
_BORDER = "\x02"


class LinearMissing(Exception):
    """The weights are not there or not whole; the message says which file."""


class Weights(msgspec.Struct, frozen=True):
    grams: FloatArray  # (BUCKETS, 3)
    bias: FloatArray  # (3,)
    rarity: FloatArray  # (BUCKETS,): inverse document frequency, 0 for what training never saw


class Linear:
    """Probabilities by harm. Deterministic; no batch changes another's result."""

    def __init__(self, name: str, weights: Weights) -> None:
        self.name = name
        self._grams = np.ascontiguousarray(weights.grams.T)
        self._bias = weights.bias
        self._rarity = weights.rarity
        self.weights = weights

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Linear:
        """Raises LinearMissing."""
        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {key: file.get_tensor(key).astype(np.float32) for key in Weights.__struct_fields__}
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise LinearMissing(f"{path.name}: {type(error).__name__}: {error}") from error
        return cls(about["name"], Weights(**tensors))

    def save(self, path: Path, about: dict[str, object]) -> None:
        """Half precision; `about` says what it was trained on."""
        halves = {
            key: np.ascontiguousarray(getattr(self.weights, key).astype(np.float16))
            for key in Weights.__struct_fields__
        }
        save_file(halves, path, metadata={"about": json.dumps({**about, "name": self.name}, sort_keys=True)})

    def score(self, readings: Sequence[Reading]) -> FloatArray:
        """(rows, 3): probability of each of HARMS."""
        if not readings:
            return np.zeros((0, len(HARMS)), dtype=np.float32)
        rows, buckets, counts = features(readings)
        values = counts * self._rarity[buckets]
        norms = np.sqrt(np.bincount(rows, values * values, len(readings)))
        values = values / np.maximum(norms, 1e-6)[rows]
        raw = [np.bincount(rows, values * column[buckets], len(readings)) for column in self._grams]
        return np.asarray(1 / (1 + np.exp(-(np.stack(raw, axis=1) + self._bias))), dtype=np.float32)


# ── what it sees ─────────────────────────────────────────────────────────────────────────────────


def features(readings: Sequence[Reading]) -> tuple[IntArray, IntArray, FloatArray]:
    """(row, bucket, weight) of everything found; each bucket once per row, with the root of its count as weight."""
    folded = [f"{_BORDER}{reading.folded[:LONGEST]}{_BORDER}" for reading in readings]
    squeezed = [reading.squeezed[:LONGEST] for reading in readings]
    parts = [_grams(folded, 1), _grams(squeezed, 2), _words(readings)]
    rows = np.concatenate([part[0] for part in parts])
    buckets = np.concatenate([part[1] for part in parts])
    both, counts = np.unique((rows << BITS) | buckets, return_counts=True)
    signs = _signs(readings)
    return (
        np.concatenate([both >> BITS, signs[0]]),
        np.concatenate([both & (BUCKETS - 1), signs[1]]),
        np.concatenate([np.sqrt(counts), np.full(len(signs[0]), RULE_WEIGHT)]).astype(np.float32),
    )


def _grams(texts: list[str], form: int) -> tuple[IntArray, IntArray]:
    """The n-grams of all texts at once: rolling sums over their code points, none across two texts."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.array([len(text) for text in texts])
    row = np.repeat(np.arange(len(texts)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(points))  # characters up to the text's end
    mixed = (points + np.uint32(form * 7919)) * _PRIME
    found_rows, found = [], []
    hashed = np.zeros(len(points), dtype=np.uint32)
    for size in SIZES:
        hashed = _longer(hashed, mixed, size)
        whole = left >= size
        found_rows.append(row[whole])
        found.append(_bucket(hashed[whole] ^ np.uint32(size * 0x9E3779B1 & 0xFFFFFFFF)))
    return np.concatenate(found_rows), np.concatenate(found)


def _longer(hashed: NDArray[np.uint32], mixed: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """Hashes of n-grams one longer; the last places run over the end and are left out by the caller."""
    shifted = np.zeros_like(mixed)
    shifted[: len(mixed) - size + 1] = mixed[size - 1 :] if size <= len(mixed) else 0
    return (hashed * np.uint32(31) + (shifted ^ (shifted >> np.uint32(15)))) * np.uint32(0x85EBCA6B)


def _bucket(hashed: NDArray[np.uint32]) -> IntArray:
    mixed = (hashed ^ (hashed >> np.uint32(16))) * np.uint32(0xC2B2AE35)
    return np.asarray(mixed >> np.uint32(32 - BITS), dtype=np.int64)


def _words(readings: Sequence[Reading]) -> tuple[IntArray, IntArray]:
    """Words of Latin letters, alone and in pairs, by a hash that is the same in every run."""
    rows, texts = [], []
    for row, reading in enumerate(readings):
        words = [word for word in reading.folded[:LONGEST].split() if word.isascii()][:60]
        texts += words
        texts += [f"{a} {b}" for a, b in pairwise(words)]
        rows += [row] * max(2 * len(words) - 1, 0)
    return np.array(rows, dtype=np.int64), _bucket(np.array([_number(text) for text in texts], dtype=np.uint32))


def _number(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"), 0x57)


def _signs(readings: Sequence[Reading]) -> tuple[IntArray, IntArray]:
    """Which rules fire, as features of their own."""
    rows, buckets = [], []
    for row, reading in enumerate(readings):
        for group in rulebook().fired(reading):
            rows.append(row)
            buckets.append(GROUPS.index(group))
    return np.array(rows, dtype=np.int64), np.array(buckets, dtype=np.int64)


# ── training ─────────────────────────────────────────────────────────────────────────────────────


class Example(msgspec.Struct, frozen=True):
    """One row to learn from. `about`: the harms that its label says something of (a text labelled only as
    offensive or not says nothing of advertising)."""

    reading: Reading
    label: str
    weight: float = 1.0
    about: tuple[str, ...] = HARMS


PENALTY = 0.05
"""L2, in units of the summed weights of the rows over 20,000."""

_BATCH = 2000


def train_linear(rows: Sequence[Example], *, penalty: float = PENALTY, harms: Sequence[str] = HARMS) -> Linear:
    """Weights from these rows; same rows, same weights. About a minute for 50,000 rows on one core.

    With fewer `harms` the others are not learned, and what it says of them means nothing."""
    matrix, rarity = _matrix(rows)
    seen = np.flatnonzero(rarity)
    nothing = np.zeros(len(seen) + 1)
    columns = [_fit(matrix[:, seen], rows, harm, penalty) if harm in harms else nothing for harm in HARMS]
    grams = np.zeros((BUCKETS, len(HARMS)), dtype=np.float32)
    grams[seen] = np.stack([column[:-1] for column in columns], axis=1)
    bias = np.array([column[-1] for column in columns], dtype=np.float32)
    name = f"linear-{sha256(grams.astype(np.float16).tobytes()).hexdigest()[:8]}"
    return Linear(name, Weights(grams, bias, rarity))


def _matrix(rows: Sequence[Example]) -> tuple[Any, FloatArray]:
    """Sparse (rows, BUCKETS), rows of length 1, and the rarity of each bucket."""
    from scipy import sparse

    parts = []
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        row, bucket, value = features([example.reading for example in part])
        parts.append(sparse.csr_matrix((value, (row, bucket)), shape=(len(part), BUCKETS)))
    counts = sparse.vstack(parts, format="csr")
    seen = np.bincount(counts.indices, minlength=BUCKETS)
    rarity = np.where(seen > 1, np.log((1 + len(rows)) / (1 + seen)) + 1, 0).astype(np.float16).astype(np.float32)
    weighted = counts.multiply(rarity[None, :]).tocsr()
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.diags(1 / np.maximum(norms, 1e-6)) @ weighted, rarity


def _fit(matrix: Any, rows: Sequence[Example], harm: str, penalty: float) -> NDArray[np.float64]:
    """Logistic regression by L-BFGS; the last value is the bias, which is not penalised."""
    from scipy.optimize import minimize

    used = np.array([i for i, row in enumerate(rows) if harm in row.about])
    x, xt = matrix[used], matrix[used].T.tocsr()
    sign = np.array([1.0 if rows[i].label == harm else -1.0 for i in used])
    weight = np.array([rows[i].weight for i in used])
    weight *= 20_000 / weight.sum()

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (x @ w[:-1] + w[-1])
        value = float((weight * np.logaddexp(0, -margin)).sum() + penalty / 2 * (w[:-1] @ w[:-1]))
        slope = -weight * sign / (1 + np.exp(np.clip(margin, -50, 50)))
        return value, np.append(xt @ slope + penalty * w[:-1], slope.sum())

    start = np.zeros(matrix.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 120, "maxcor": 8})
    return np.asarray(found.x)
