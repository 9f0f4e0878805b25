"""The claim bank: known misconceptions, each with a sourced fact, and the index that finds them in comments.

`claim_bank` is called by the pages of hosts too, so this module imports neither torch nor the encoder;
`ClaimIndex` works on vectors that the encoder made.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from moderation.model.claim_words import ClaimWords, load_words
from moderation.model.kept import ADAPTER, CLAIM_WORDS, CLAIMS, in_force
from moderation.model.lora import load_adapter
from moderation.model.seeds import seeds
from moderation.model.unpack import WeightsMissing
from moderation.normalise import Reading, read
from streamhub.facts import Note

FloatArray = NDArray[np.float32]

CONTRAST = 2.0
"""Weight of "nearer to the assertion than to the question or the debunk" against plain nearness.

Measured on 24 claims: AUC .95 zh and .91 en, against .89 and .86 without."""

_RIDGE = 0.3
_RIDGE_SHARE = 1 / 4
"""Which claim a comment is about: nearness to the nearest wording, as it is and by topic alone, and a ridge regression.

Measured on 735 English assertions whose author no model had read: first 80 %, among three 92 %; by the nearest
wording alone 72 and 86 %, by topic alone 74 and 87 %."""

_WORDS_SHARE = 0.5
"""What the words count beside that (`claim_words.py`). Measured on 1,331 statements of two authors whom nothing had
read, half of them only implied: first 81 % zh and 76 % en, among three 91 and 88 %; without 76, 74, 89 and 86 %."""


class Claim(msgspec.Struct, frozen=True):
    """One misconception. `by` is "host" where only a person may attach its card: political or contested questions."""

    id: str
    topic: str
    claim_zh: str
    claim_en: str
    fact_zh: str
    fact_en: str
    source: str
    url: str
    keywords_zh: str = ""
    keywords_en: str = ""
    by: str = ""

    def note(self) -> Note:
        """The source card in both languages, to be kept with the comment as it is now."""
        return Note(
            claim=self.id,
            claim_zh=self.claim_zh,
            claim_en=self.claim_en,
            fact_zh=self.fact_zh,
            fact_en=self.fact_en,
            source=self.source,
            url=self.url,
        )


@cache
def claim_bank() -> MappingProxyType[str, Claim]:
    """All claims by id, in the order of the file."""
    text = files("moderation").joinpath("data/claims.csv").read_text("utf-8")
    rows = [msgspec.convert(row, Claim) for row in csv.DictReader(text.splitlines())]
    return MappingProxyType({claim.id: claim for claim in rows})


class Match(msgspec.Struct, frozen=True):
    """How near a comment is to one claim: `said` to its assertions, `asked` to questions and debunks about it.

    `topic` says how sure it is that the comment is about this claim at all, asserted or not; about 0.8 to 1.3."""

    claim: str
    said: float
    asked: float
    topic: float = 0.0

    @property
    def score(self) -> float:
        return self.said + CONTRAST * (self.said - self.asked)


class Encodes(Protocol):
    """What the index needs of an encoder."""

    @property
    def name(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> FloatArray: ...


class Forms(msgspec.Struct, frozen=True):
    """The wordings that stand for the claims: row i is `texts[i]`, about `claims[i]`, an assertion or not."""

    texts: tuple[str, ...]
    claims: tuple[str, ...]
    asserts: tuple[bool, ...]

    def mark(self, encoder: str) -> str:
        """Names these wordings as one encoder sees them: vectors of another mark do not fit."""
        return sha256("\n".join((encoder, *self.texts)).encode()).hexdigest()[:16]


_ASKED = (
    ("请问{}是真的吗?", "is it true that {}?"),
    ("有人说{},这是谣言", "people say {}, but that is false"),
)


def forms() -> Forms:
    """From the bank and from our seeds. Claims whose card only a person may attach are recognised like the others."""
    rows: list[tuple[str, str, bool]] = []
    bank = claim_bank()
    for claim in bank.values():
        rows += [(text, claim.id, True) for text in (claim.claim_zh, claim.claim_en)]
        rows += [(text, claim.id, False) for text in (claim.fact_zh, claim.fact_en)]
        for zh, en in _ASKED:
            rows += [(zh.format(claim.claim_zh), claim.id, False), (en.format(claim.claim_en), claim.id, False)]
    rows += [(seed.text, seed.myth, seed.label == "misinformation") for seed in seeds() if seed.myth in bank]
    texts, claims, asserts = zip(*rows, strict=True)
    return Forms(tuple(read(text).plain for text in texts), claims, asserts)


class ClaimIndex:
    """Finds the claims that a vector is about, and how it stands to them."""

    def __init__(
        self, found: Forms, vectors: FloatArray, topic: FloatArray | None = None, words: ClaimWords | None = None
    ) -> None:
        """`topic` is the adapter's projection, where the vectors are of an encoder that has one."""
        self.claims = list(dict.fromkeys(found.claims))
        place = {claim: i for i, claim in enumerate(self.claims)}
        owner = np.array([place[claim] for claim in found.claims])
        asserts = np.array(found.asserts)
        self._said = _Wordings(vectors[asserts], owner[asserts], len(self.claims))
        self._asked = _Wordings(vectors[~asserts], owner[~asserts], len(self.claims))
        self._topic = topic
        self._any = _Wordings(self._about(vectors), owner, len(self.claims))
        self._mean = vectors.mean(axis=0)
        member = np.eye(len(self.claims), dtype=np.float32)[owner]
        self._ridge = _ridge(vectors - self._mean, member - member.mean(axis=0))
        self._words = words if words and set(words.claims) == set(self.claims) else None
        self._columns = [words.claims.index(claim) for claim in self.claims] if words and self._words else []

    def nearest(self, vectors: FloatArray, readings: Sequence[Reading], count: int = 3) -> list[list[Match]]:
        """Per comment the `count` claims that it is most likely about, best first."""
        said, asked = self._said.nearness(vectors), self._asked.nearness(vectors)
        near = (np.maximum(said, asked) + self._any.nearness(self._about(vectors))) / 2
        topic = near + _RIDGE_SHARE * ((vectors - self._mean) @ self._ridge)
        if self._words:
            topic = topic + _WORDS_SHARE * self._words.score(readings)[:, self._columns]
        order = np.argsort(-topic, axis=1)[:, :count]
        return [
            [Match(self.claims[i], float(said[row, i]), float(asked[row, i]), float(topic[row, i])) for i in best]
            for row, best in enumerate(order)
        ]

    def _about(self, vectors: FloatArray) -> FloatArray:
        """The vectors where only the topic counts, of length 1."""
        if self._topic is None:
            return vectors
        raw = vectors @ self._topic[:-1] + self._topic[-1]
        return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), dtype=np.float32)


class _Wordings:
    """Vectors of wordings, sorted by the claim that they are about."""

    def __init__(self, vectors: FloatArray, owner: NDArray[np.int64], owners: int) -> None:
        order = np.argsort(owner, kind="stable")
        self._vectors = np.ascontiguousarray(vectors[order].T)
        self._found, self._starts = np.unique(owner[order], return_index=True)
        self._owners = owners

    def nearness(self, vectors: FloatArray) -> FloatArray:
        """(rows, claims): similarity to the nearest wording of each claim; -1 where there is none."""
        best = np.full((len(vectors), self._owners), -1.0, dtype=np.float32)
        if len(self._found) and len(vectors):
            best[:, self._found] = np.maximum.reduceat(vectors @ self._vectors, self._starts, axis=1)
        return best


def _ridge(rows: FloatArray, targets: FloatArray) -> FloatArray:
    penalty = _RIDGE * np.eye(rows.shape[1], dtype=np.float32)
    return np.asarray(np.linalg.solve(rows.T @ rows + penalty, rows.T @ targets), dtype=np.float32)


def load_index(encoder: Encodes, models: Path, progress: Callable[[str], None] | None = None) -> ClaimIndex:
    """The index for this encoder: vectors that we ship, or that were kept earlier, or made now and kept."""
    found = forms()
    mark, topic = found.mark(encoder.name), topic_of(encoder.name, models)
    words = load_words(in_force(models, CLAIM_WORDS))
    kept = models / f"claims-{mark}.safetensors"
    for path in (in_force(models, CLAIMS), kept):
        vectors = _vectors(path, mark)
        if vectors is not None:
            return ClaimIndex(found, vectors, topic, words)
    (progress or (lambda _: None))(f"reading {len(found.texts)} wordings of the claim bank")
    vectors = encoder.encode(found.texts)
    models.mkdir(parents=True, exist_ok=True)
    save_vectors(kept, mark, vectors)
    return ClaimIndex(found, vectors, topic, words)


def topic_of(encoder: str, models: Path) -> FloatArray | None:
    """The projection of the adapter that is merged into the encoder of this name; None if none is."""
    try:
        adapter = load_adapter(in_force(models, ADAPTER))
    except WeightsMissing:
        return None
    return adapter.topic if encoder.endswith(f"-{adapter.name}") else None


_SCALE = "scale"


def save_vectors(path: Path, mark: str, vectors: FloatArray) -> None:
    """Rounded to 8 bits: similarities change by less than 0.001."""
    building = path.with_suffix(".new")
    scale = np.abs(vectors).max(axis=1, keepdims=True) / 127
    rounded = np.rint(vectors / np.maximum(scale, 1e-9)).astype(np.int8)
    save_file({mark: rounded, _SCALE: scale.astype(np.float32)}, building)
    building.replace(path)


def _vectors(path: Path, mark: str) -> FloatArray | None:
    try:
        kept = load_file(path)
    except (OSError, SafetensorError):
        return None
    return kept[mark].astype(np.float32) * kept[_SCALE] if mark in kept and _SCALE in kept else None
