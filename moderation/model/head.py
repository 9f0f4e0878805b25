"""The four-class head: ok, misinformation, promotion or abuse, from the meaning and from the letters.

Called by `pipeline.py`. Two models are averaged: a small network on the encoder's vector and the claim matches
(knows meaning, crosses languages), and a linear one on character n-grams (knows wordings, needs no encoder).
The weights were made by `train.py`; the model card is docs/moderation.md. No pickle is read or written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from moderation.model.claims import ClaimIndex, Match
from moderation.model.seeds import LABELS
from moderation.normalise import Reading

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

WEIGHTS = Path(__file__).parent / "weights" / "head.safetensors"

BUCKETS = 1 << 16
"""N-grams are hashed into so many features; two that fall into one share its weight."""

GRAMS = (1, 2, 3, 4)

MEANING = 0.7
"""Share of the network in the average; the letters have the rest."""


class Weights(msgspec.Struct, frozen=True):
    """All tensors; the network's members are stacked along the first axis."""

    mean: FloatArray  # (inputs,)
    spread: FloatArray  # (inputs,)
    inner: FloatArray  # (members, inputs, hidden)
    inner_bias: FloatArray  # (members, hidden)
    outer: FloatArray  # (members, hidden, 4)
    outer_bias: FloatArray  # (members, 4)
    grams: FloatArray  # (BUCKETS, 4)
    grams_bias: FloatArray  # (4,)


class Head:
    """Scores comments; `name` is what verdicts record, `encoder` the one whose vectors it was trained on."""

    def __init__(self, name: str, encoder: str, weights: Weights) -> None:
        self.name = name
        self.encoder = encoder
        self._weights = weights

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Head:
        """Raises OSError or safetensors' error when the file is not there or not whole."""
        with safe_open(path, framework="numpy") as file:
            about = json.loads(file.metadata()["about"])
            tensors = {key: file.get_tensor(key).astype(np.float32) for key in Weights.__struct_fields__}
        return cls(about["name"], about["encoder"], Weights(**tensors))

    def save(self, path: Path, about: dict[str, object]) -> None:
        """Half precision; `about` says what it was trained on."""
        halves = {
            key: np.ascontiguousarray(getattr(self._weights, key).astype(np.float16))
            for key in Weights.__struct_fields__
        }
        whole = {**about, "name": self.name, "encoder": self.encoder}
        save_file(halves, path, metadata={"about": json.dumps(whole, sort_keys=True)})

    def fits(self, encoder: str) -> bool:
        """Whether it was trained on this encoder's vectors; if not, only the letters can be used."""
        return encoder == self.encoder

    def score(self, readings: Sequence[Reading], seen: FloatArray | None) -> list[dict[str, float]]:
        """Probabilities by label, to three places. `seen` are `inputs`, or None where the encoder does not fit."""
        rows = softmax(np.stack([self._letters(reading) for reading in readings]))
        if seen is not None:
            rows = np.asarray(MEANING * self._meaning(seen) + (1 - MEANING) * rows, dtype=np.float32)
        return [{label: round(float(p), 3) for label, p in zip(LABELS, row, strict=True)} for row in rows]

    def _letters(self, reading: Reading) -> FloatArray:
        buckets = grams(reading)
        total = self._weights.grams[buckets].sum(axis=0) / np.sqrt(max(len(buckets), 1))
        return np.asarray(total + self._weights.grams_bias, dtype=np.float32)

    def _meaning(self, rows: FloatArray) -> FloatArray:
        w = self._weights
        scaled = (rows - w.mean) / w.spread
        members = [
            softmax(_gelu(scaled @ inner + inner_bias) @ outer + outer_bias)
            for inner, inner_bias, outer, outer_bias in zip(w.inner, w.inner_bias, w.outer, w.outer_bias, strict=True)
        ]
        return np.asarray(np.mean(members, axis=0), dtype=np.float32)


# ── what the two models see ──────────────────────────────────────────────────────────────────────

_ASKS = re.compile(
    r"[?？]|吗|呢$|什么|怎么|为什么|如何|请问|是不是|真的|多少|哪"
    r"|\b(what|why|how|is it|is there|are there|does|do|did|can|could|which|who|where|when)\b"
)
_ENDS_ASKING = re.compile(r"([?？]|吗[。!！~]*)\s*$")
_CORRECTS = re.compile(
    r"谣|辟|其实|不是|并非|没有依据|误|不等于|假的|骗|\b(not|no|myth|false|debunk|isnt|doesnt|dont|but|wrong|hoax|scam|fake)\b"
)
_LONG = 100
"""Characters beyond which a text counts as long; comments end at 200."""


def inputs(
    readings: Sequence[Reading], vectors: FloatArray, matches: Sequence[Sequence[Match]], index: ClaimIndex
) -> FloatArray:
    """The network's input: the vector, the vector without its topic, the claim's nearness, how it is put."""
    return np.hstack(
        [
            vectors,
            index.aside(vectors, matches),
            np.array([_nearness(found) for found in matches], dtype=np.float32),
            np.array([_manner(reading) for reading in readings], dtype=np.float32),
        ]
    )


def _nearness(matches: Sequence[Match]) -> tuple[float, float, float]:
    best = matches[0]
    return (
        best.said,
        best.said - best.asked,
        best.topic,
    )


def _manner(reading: Reading) -> tuple[float, float, float, float]:
    return (
        float(_ASKS.search(reading.folded) is not None),
        float(_ENDS_ASKING.search(reading.folded) is not None),
        float(_CORRECTS.search(reading.folded) is not None),
        min(len(reading.plain), _LONG) / _LONG,
    )


def grams(reading: Reading) -> IntArray:
    """The buckets of a text's n-grams, each once, of the folded and of the squeezed form."""
    found: set[int] = set()
    for mark, text in ((b"f", f" {reading.folded} "), (b"s", reading.squeezed)):
        for size in GRAMS:
            found.update(crc32(mark + text[i : i + size].encode()) % BUCKETS for i in range(len(text) - size + 1))
    return np.array(sorted(found), dtype=np.int64)


def softmax(raw: FloatArray) -> FloatArray:
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _gelu(x: FloatArray) -> FloatArray:
    """The approximation by tanh; training uses the same."""
    return np.asarray(0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))), dtype=np.float32)
