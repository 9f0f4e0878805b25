"""Which claim a comment is about, from its words: beside the encoder's vector, which knows what words mean.

`claims.py` adds both. One ridge regression on hashed words, Chinese characters and pairs of neighbours, learned from
the same wordings by `train.py`; numpy alone when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from moderation.normalise import Reading, read

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

BUCKETS = 1 << 15

STEM = 5
"""Letters of a longer Latin word that count once more by themselves: melt, melted, melting."""

PENALTY = 0.25
_ROUNDS = 60
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")


class ClaimWords(msgspec.Struct, frozen=True):
    """`weights`: (BUCKETS, claims), in the order of `claims`; `rarity` is 0 for what no wording has."""

    claims: tuple[str, ...]
    weights: FloatArray
    rarity: FloatArray

    def score(self, readings: Sequence[Reading]) -> FloatArray:
        """(readings, claims): about 1 for a claim whose wordings have these words, about 0 for others."""
        found = np.zeros((len(readings), len(self.claims)), dtype=np.float32)
        for row, reading in enumerate(readings):
            places, values = _weighed(reading, self.rarity)
            found[row] = values @ self.weights[places]
        return found

    def save(self, path: Path) -> None:
        """Rounded to 8 bits, claim by claim."""
        scale = np.maximum(np.abs(self.weights).max(axis=0) / 127, 1e-9)
        tensors = {
            "weights": np.rint(self.weights / scale).astype(np.int8),
            "scale": scale.astype(np.float32),
            "rarity": self.rarity.astype(np.float16),
            "claims": np.frombuffer("\n".join(self.claims).encode(), dtype=np.uint8).copy(),
        }
        building = path.with_suffix(".new")
        save_file(tensors, building)
        building.replace(path)


def load_words(path: Path) -> ClaimWords | None:
    """None if the file is not there or not whole: the vectors decide alone."""
    try:
        kept = load_file(path)
        claims = tuple(kept["claims"].tobytes().decode().split("\n"))
        return ClaimWords(claims, kept["weights"] * kept["scale"], kept["rarity"].astype(np.float32))
    except (OSError, SafetensorError, KeyError):
        return None


def fit_words(texts: Sequence[str], about: Sequence[str]) -> ClaimWords:
    """From wordings and the claims that they are about; same wordings, same weights. Some seconds."""
    from scipy import sparse

    claims = tuple(dict.fromkeys(about))
    readings = [read(text) for text in texts]
    buckets = [_buckets(reading) for reading in readings]
    counted = np.bincount(np.concatenate([np.unique(found) for found in buckets]), minlength=BUCKETS)
    rarity = np.where(counted > 0, np.log((1 + len(texts)) / (1 + counted)) + 1, 0).astype(np.float16)
    rows = [_weighed(reading, rarity.astype(np.float32)) for reading in readings]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    flat = np.concatenate([places for places, _ in rows]), np.concatenate([values for _, values in rows])
    matrix = sparse.csr_matrix((flat[1], flat[0], ends), shape=(len(rows), BUCKETS))
    owner = np.array([claims.index(name) for name in about])
    target = np.eye(len(claims), dtype=np.float32)[owner]
    weights = _solved(matrix, target - target.mean(axis=0))
    return ClaimWords(claims, weights, rarity.astype(np.float32))


def _solved(matrix: object, target: FloatArray) -> FloatArray:
    """Ridge regression for all claims at once, by conjugate gradients."""
    x, xt = matrix, matrix.T.tocsr()  # type: ignore[attr-defined]
    rest = np.asarray(xt @ target)
    found, way = np.zeros_like(rest), rest.copy()
    size = (rest * rest).sum(axis=0)
    for _ in range(_ROUNDS):
        turned = xt @ (x @ way) + PENALTY * way
        step = size / np.maximum((way * turned).sum(axis=0), 1e-12)
        found, rest = found + step * way, rest - step * turned
        size, before = (rest * rest).sum(axis=0), size
        way = rest + (size / np.maximum(before, 1e-12)) * way
    return np.asarray(found, dtype=np.float32)


def _weighed(reading: Reading, rarity: FloatArray) -> tuple[IntArray, FloatArray]:
    """Buckets and their weights, together of length 1."""
    places, counts = np.unique(_buckets(reading), return_counts=True)
    values = (1 + np.log(counts)) * rarity[places]
    return places, np.asarray(values / max(float(np.sqrt((values * values).sum())), 1e-6), dtype=np.float32)


def _buckets(reading: Reading) -> IntArray:
    words = _WORD.findall(reading.folded)
    found = [*words, *(f"{a} {b}" for a, b in pairwise(words))]
    found += [word[:STEM] + "-" for word in words if len(word) > STEM]
    return np.array([crc32(word.encode()) % BUCKETS for word in found], dtype=np.int64)
