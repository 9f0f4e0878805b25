"""The claims that hosts added to one broadcast while live: found by the same vectors as those of the bank.

Called by `pipeline.py`. A claim's wordings are encoded once and kept. How near is near is measured against
ordinary comments (our seeds), so it needs no training and holds for any encoder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from moderation.asking import asks
from moderation.model.claim_words import STEM
from moderation.model.claims import Claim, Encodes, Match
from moderation.model.seeds import seeds
from moderation.normalise import Reading, read
from streamhub.facts import ClaimAdded

FloatArray = NDArray[np.float32]

BACKGROUND = 160
"""Harmless seeds that speak of something, evenly drawn, that a claim is compared with: what is no nearer than these is
not about it."""
_SMALL_TALK = ("talk", "banter", "cheer", "chat")

MARGIN = 0.5
"""Nearer than the nearest of the background by this share of what is left to equality: about the claim. High, as
what people say of the same place and thing is near too. Of 24 assertions of eight such claims 16 are found, of 36
other comments about the same things none (tests/moderation/test_own_claims.py)."""

SLACK = 0.03
"""An assertion may be this much nearer to the question or the debunk, which contain its words."""

SURE = 1.25
"""The `topic` of a match with a bank's claim that is certain; `policy.claim.topic_at` is below it."""

MOST_KEPT = 2000
"""Claims whose vectors are kept, over all broadcasts; the oldest go first."""

_ASKED = ("请问{}是真的吗?", "有人说{},这是谣言", "is it true that {}?", "people say {}, but that is false")


_NO_ASSERTION = re.compile(
    r"[?？]|(^|[，,。])说.{1,20}的(都|人|是)|是不是|真的假的|谣|辟|别信|没有依据|假的|不实|并非|其实不"
    r"|\b(is it|are they|do they|really|myth|false|rumou?r|debunk|not true|hoax|fake)\b"
)


_DENIAL = re.compile(r"没有?(毒|害|危险|影响|问题|这回事)|无(毒|害)")
"""Denies what a claim says, unless the claim says it, too."""

_UNIT = re.compile(r"[\u3400-\u9fff]|[a-z]{3,}")
_FORM_WORDS = frozenset(
    {"the", "and", "are", "was", "than", "that", "you", "all"}.union("的是了都就有在不和也很会要把被让而")
)


class _Known(msgspec.Struct, frozen=True):
    said: FloatArray
    asked: FloatArray
    near: float
    """Similarity from which a comment is about the claim."""
    told: tuple[frozenset[str], ...]
    """What each wording says of its thing."""
    denies: bool


class OwnClaims:
    def __init__(self, encoder: Encodes) -> None:
        self._encoder = encoder
        self._known: dict[ClaimAdded, _Known] = {}
        self._background: FloatArray | None = None

    def matches(self, reading: Reading, vector: FloatArray, claims: Sequence[ClaimAdded]) -> list[Match]:
        """The claims that a comment is about and asserts, nearest first; none for a question or a correction."""
        if not claims or asks(reading) or _NO_ASSERTION.search(reading.folded):
            return []
        matches = []
        for name, claim in [(claim.id, self._of(claim)) for claim in claims]:
            said, asked = float((claim.said @ vector).max()), float((claim.asked @ vector).max())
            denied = not claim.denies and _DENIAL.search(reading.folded)
            if said >= claim.near and said > asked - SLACK and not denied and _says(reading, claim):
                matches.append(Match(name, said, asked, SURE + said - claim.near))
        return sorted(matches, key=lambda match: -match.topic)

    def _of(self, claim: ClaimAdded) -> _Known:
        if claim not in self._known:
            while len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
            self._known[claim] = self._encoded(claim)
        return self._known[claim]

    def _encoded(self, claim: ClaimAdded) -> _Known:
        wordings = [text for text in (claim.claim_zh, claim.claim_en) if text]
        others = [text for text in (claim.fact_zh, claim.fact_en) if text]
        asked = [frame.format(text) for text in wordings for frame in _ASKED] + others
        vectors = self._encoder.encode([read(text).plain for text in (*wordings, *asked)])
        said = vectors[: len(wordings)]
        nearest = float((self._others() @ said.T).max()) if len(said) else 1.0
        folded = [read(text).folded for text in wordings]
        return _Known(
            said,
            vectors[len(wordings) :],
            nearest + MARGIN * (1 - nearest),
            tuple(_told(text) for text in folded),
            any(_DENIAL.search(text) for text in folded),
        )

    def _others(self) -> FloatArray:
        if self._background is None:
            harmless = [
                seed.text for seed in seeds() if seed.label == "ok" and not seed.myth and seed.form not in _SMALL_TALK
            ]
            step = max(len(harmless) // BACKGROUND, 1)
            self._background = self._encoder.encode([read(text).plain for text in harmless[::step]])
        return self._background


def _units(text: str) -> list[str]:
    """Characters and the beginnings of longer words that say something."""
    return [unit[:STEM] for unit in _UNIT.findall(text) if unit not in _FORM_WORDS]


def _told(wording: str) -> frozenset[str]:
    """Of its last third, what is not in the name of the thing before it."""
    start = len(wording) * 2 // 3
    return frozenset(_units(wording[start:])) - frozenset(_units(wording[:start]))


def _says(reading: Reading, claim: _Known) -> bool:
    """Whether anything of what the claim says of its thing is said, which in both languages stands at the end;
    of a comment in another language than the claim's that cannot be asked."""
    units = frozenset(_units(reading.folded))
    ours = [told for told in claim.told if any(unit.isascii() for unit in told) == _in_latin(units)]
    return not any(ours) or any(told & units for told in ours)


def _in_latin(units: frozenset[str]) -> bool:
    return sum(unit.isascii() for unit in units) * 2 > len(units)


def as_claim(added: ClaimAdded) -> Claim:
    """As a claim of the bank; a text that is missing in one language is shown in the other."""
    return Claim(
        id=added.id,
        topic="own",
        claim_zh=added.claim_zh or added.claim_en,
        claim_en=added.claim_en or added.claim_zh,
        fact_zh=added.fact_zh or added.fact_en,
        fact_en=added.fact_en or added.fact_zh,
        source=added.source,
        url=added.url,
    )
