"""The four-class head: ok, misinformation, promotion or abuse, from the meaning and from the letters.

Called by `pipeline.py`. Two linear models are added in log odds: one on the vector of the encoder, which was
fine-tuned together with it, and one on character n-grams (knows wordings, needs no encoder); and for misinformation
whether the comment is nearer to what asserts a claim than to what asks or corrects. How much each counts was fitted
for each language on comments whose authors no model had read, so that the probabilities mean what they say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from moderation.model.claims import ClaimIndex, Match
from moderation.model.seeds import LABELS
from moderation.model.unpack import WeightsMissing
from moderation.normalise import Reading

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

BUCKETS = 1 << 16
"""N-grams are hashed into so many features; two that fall into one share its weight."""

LONGEST_GRAM = 4
"""Letters; all lengths from one on are counted."""

MISINFORMATION = LABELS.index("misinformation")


class Weights(msgspec.Struct, frozen=True):
    """All tensors. The languages are: no Chinese letter in the text, at least one."""

    meaning: FloatArray  # (vector, 4)
    meaning_bias: FloatArray  # (4,)
    letters: FloatArray  # (BUCKETS, 4)
    letters_bias: FloatArray  # (4,)
    mix: FloatArray  # (languages, 3): what meaning and letters count, and nearness for misinformation


class Head:
    """Scores comments; `name` is what verdicts record, `encoder` the one whose vectors it was trained on."""

    def __init__(self, name: str, encoder: str, weights: Weights, about: dict[str, Any]) -> None:
        self.name = name
        self.encoder = encoder
        self.weights = weights
        self.about = about
        """What it was trained on, as `save` wrote it."""

    @classmethod
    def load(cls, path: Path) -> Head:
        """Raises WeightsMissing when the file is not there or not whole."""
        try:
            with safe_open(path, framework="numpy") as file:
                about = json.loads(file.metadata()["about"])
                tensors = {key: file.get_tensor(key).astype(np.float32) for key in Weights.__struct_fields__}
        except (OSError, SafetensorError) as error:
            raise WeightsMissing(f"{path.name}: {error}") from error
        return cls(about["name"], about["encoder"], Weights(**tensors), about)

    def save(self, path: Path) -> None:
        """Half precision."""
        halves = {
            key: np.ascontiguousarray(getattr(self.weights, key).astype(np.float16))
            for key in Weights.__struct_fields__
        }
        about = {**self.about, "name": self.name, "encoder": self.encoder}
        building = path.with_suffix(".new")
        save_file(halves, building, metadata={"about": json.dumps(about, sort_keys=True, ensure_ascii=False)})
        building.replace(path)

    def fits(self, encoder: str) -> bool:
        """Whether it was trained on this encoder's vectors; if not, only the letters can be used."""
        return encoder == self.encoder

    def score(self, readings: Sequence[Reading], seen: FloatArray | None) -> list[dict[str, float]]:
        """Probabilities by label, to three places. `seen` are `inputs`, or None where the encoder does not fit."""
        letters = self.letters(readings)
        if seen is None:
            rows = softmax(letters)
        else:
            known, meaning = self.weights, self.meaning(seen[:, :-1])
            rows = softmax(mixed(known.mix, meaning, letters, seen[:, -1], languages(readings)))
        return [{label: round(float(p), 3) for label, p in zip(LABELS, row, strict=True)} for row in rows]

    def meaning(self, vectors: FloatArray) -> FloatArray:
        """Log odds, but for a constant a row."""
        return np.asarray(vectors @ self.weights.meaning + self.weights.meaning_bias, dtype=np.float32)

    def letters(self, readings: Sequence[Reading]) -> FloatArray:
        """Log odds, but for a constant a row."""
        found = np.zeros((len(readings), len(LABELS)), dtype=np.float32)
        for place, reading in enumerate(readings):
            buckets = grams(reading)
            found[place] = self.weights.letters[buckets].sum(axis=0) / np.sqrt(max(len(buckets), 1))
        return found + self.weights.letters_bias


def inputs(
    readings: Sequence[Reading], vectors: FloatArray, matches: Sequence[Sequence[Match]], index: ClaimIndex
) -> FloatArray:
    """What the head sees: the vector, then how much nearer it is to the claim asserted than asked or corrected."""
    nearer = np.array([[found[0].said - found[0].asked] for found in matches], dtype=np.float32)
    return np.hstack([vectors, nearer.reshape(len(vectors), 1)])


def mixed(
    mix: FloatArray,
    meaning: FloatArray,
    letters: FloatArray,
    nearer: FloatArray,
    language: IntArray,
) -> FloatArray:
    """Log odds by label, but for a constant a row."""
    share = mix[language]
    raw = share[:, :1] * meaning + share[:, 1:2] * letters
    raw[:, MISINFORMATION] += share[:, 2] * nearer
    return np.asarray(raw, dtype=np.float32)


def languages(readings: Sequence[Reading]) -> IntArray:
    return np.array([_HAN.search(reading.plain) is not None for reading in readings], dtype=np.int64)


_HAN = re.compile(r"[\u3400-\u9fff]")


def grams(reading: Reading) -> IntArray:
    """The buckets of a text's n-grams, each once, of the folded and of the squeezed form."""
    found: list[int] = []
    for mark, text in ((b"f", f" {reading.folded} "), (b"s", reading.squeezed)):
        letters = [letter.encode() for letter in text]
        sums = [crc32(mark)] * len(letters)
        for shift in range(LONGEST_GRAM):  # each n-gram goes on from the one that is a letter shorter
            sums = list(map(crc32, letters[shift:], sums))
            found += sums
    return np.unique(np.array(found, dtype=np.int64) % BUCKETS)


def softmax(raw: FloatArray) -> FloatArray:
    powers = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
