"""Comments in, verdicts out: rules first, then letters, the encoder only for what they leave open.

Called by the worker, the trial and the evaluation, so that what is measured is what runs. Blocks while the encoder
works: call it off the event loop. Keeps the vectors of repeated texts between calls and nothing else.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits

from moderation.asking import asks
from moderation.checks.words import Words
from moderation.judge import (
    MODEL_MISSING,
    NO_WORDS,
    OVERLOADED,
    PUBLISH,
    Evidence,
    Heard,
    Verdict,
    judge_as_seller,
    judge_by_letters,
    judge_by_model,
    judge_by_rules,
    judge_idle_talk,
)
from moderation.model.claim_words import ClaimWords, load_words
from moderation.model.claims import ClaimIndex, claim_bank, load_index
from moderation.model.encoder import ModelUnusable
from moderation.model.head import Head, inputs
from moderation.model.kept import CLAIM_WORDS, HEAD, in_force
from moderation.model.linear import HARMS, Linear, LinearMissing
from moderation.model.own_claims import OwnClaims, as_claim
from moderation.model.quick import AnyEncoder, load_encoder
from moderation.model.seeds import LABELS
from moderation.model.unpack import WeightsMissing
from moderation.normalise import Reading, is_brief
from moderation.policy import Policy
from streamhub.facts import ClaimAdded

log = logging.getLogger(__name__)

REMEMBERED = 4096
"""Texts whose vectors are kept: people say the same (哈哈哈, first!, greetings) again and again; 6 MB."""

LETTERS_SHARE = 0.5
"""Share of the linear model in the scores for advertising and insults; the head has the rest. Chosen on comments under
videos that neither had read; on those of broadcasts a quarter does as well (decision 32)."""

NEAR_A_CLAIM = 0.7
"""Of `Match.topic`. A comment that is about no claim is chatter, seldom a misleading statement: the head, which has
read little chatter, thinks so too often (a record of clicks, two billions of them)."""

OFF_TOPIC = 8.0
"""How fast the odds of a misleading statement fall below `NEAR_A_CLAIM`: to a half at a distance of 0.09. Both were
chosen on authors and on comments on videos that the model had not read (decision 25)."""


class Force(msgspec.Struct, frozen=True):
    """What is in force for one comment: the policy, the words and the claims of its broadcast."""

    policy: Policy
    words: Words = NO_WORDS
    claims: tuple[ClaimAdded, ...] = ()


class Model:
    """The encoder with the head and the claims that fit it; `words` tell what they are about without it."""

    def __init__(self, encoder: AnyEncoder, head: Head, index: ClaimIndex, words: ClaimWords | None = None) -> None:
        self.encoder = encoder
        self.head = head
        self.index = index
        self.words = words if words and set(words.claims) == set(index.claims) else None
        self.own = OwnClaims(encoder)
        self._vectors: dict[str, np.ndarray] = {}

    @property
    def name(self) -> str:
        """What verdicts record."""
        return f"{self.encoder.name}+{self.head.name}"

    @property
    def remembered(self) -> int:
        """Texts whose vectors are kept."""
        return len(self._vectors)

    def topic(self, reading: Reading) -> float:
        """How far the words are those of any claim of the bank, about 0 to 1; endless where that cannot be told."""
        return float(self.words.score([reading]).max()) if self.words else math.inf

    def evidence(self, readings: Sequence[Reading], claims: Sequence[Sequence[ClaimAdded]] = ()) -> list[Evidence]:
        """`claims`: per reading those of its broadcast; they come before the bank's."""
        vectors = self._encoded([reading.plain for reading in readings])
        matches = self.index.nearest(vectors, readings)
        fits = self.head.fits(self.encoder.name)
        scores = self.head.score(readings, inputs(readings, vectors, matches, self.index) if fits else None)
        own = [self.own.matches(readings[i], vectors[i], some) for i, some in enumerate(claims)]
        return [
            Evidence(row, [*(own[i] if own else []), *found][: max(len(found), 1)])
            for i, (row, found) in enumerate(zip(scores, matches, strict=True))
        ]

    def _encoded(self, texts: Sequence[str]) -> np.ndarray:
        new = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        fresh = dict(zip(new, self.encoder.encode(new), strict=True)) if new else {}
        rows = [fresh[text] if text in fresh else self._vectors[text] for text in texts]
        for text, row in fresh.items():
            self._vectors[text] = row
        while len(self._vectors) > REMEMBERED:
            del self._vectors[next(iter(self._vectors))]
        return np.stack(rows)


def load_model(model: str, data: Path, progress: Callable[[str], None] | None = None) -> Model:
    """Prepare and load; raises ModelUnusable. Takes a second or two, the first time some more.

    From then on this process multiplies in one thread: more help a few comments little, and the hubs not at all."""
    threadpool_limits(1)
    models = data / "models"
    try:
        encoder = load_encoder(model, data, progress)
        head = Head.load(in_force(models, HEAD))
        if not head.fits(encoder.name):
            log.warning("no trained head for the encoder %s: classes come from the letters alone", encoder.name)
        return Model(encoder, head, load_index(encoder, models, progress), load_words(in_force(models, CLAIM_WORDS)))
    except (WeightsMissing, OSError) as error:
        raise ModelUnusable(f"{model}: {error}") from error


def load_linear() -> Linear | None:
    """The linear model; without it (a broken installation) the encoder is asked about everything."""
    try:
        return Linear.load()
    except LinearMissing as error:
        log.error("the linear model cannot be used: %s", error)
        return None


class Pipeline:
    def __init__(self, model: Model | None, policy: Policy, linear: Linear | None = None) -> None:
        self.model = model
        self.policy = policy
        self.linear = linear if linear is not None else load_linear()
        self.bank = claim_bank()

    @property
    def model_name(self) -> str:
        return "+".join(part.name for part in (self.model, self.linear) if part)

    def judge(
        self,
        comments: Sequence[Heard],
        forces: Sequence[Force] = (),
        *,
        thorough: bool = False,
        hurried: bool = False,
    ) -> list[Verdict]:
        """One verdict per comment, in their order; `forces` beside them, or the pipeline's own policy for all.

        Thorough: the models are asked about every comment, so that all scores can be measured; same findings.
        Hurried: the encoder is not asked; what rules and letters are not sure of gets a provisional verdict."""
        forces = forces or [Force(self.policy)] * len(comments)
        settled = [
            judge_by_rules(heard, force.policy, force.words) for heard, force in zip(comments, forces, strict=True)
        ]
        comments = [_cleared(heard, force.words) for heard, force in zip(comments, forces, strict=True)]
        settled = [verdict or self._brief(heard) for verdict, heard in zip(settled, comments, strict=True)]
        open_ = [i for i, verdict in enumerate(settled) if verdict is None or thorough]
        harms = self._harms([comments[i].reading for i in open_])
        asked: list[int] = []
        for i, row in zip(open_, harms, strict=True):
            settled[i] = settled[i] or self._by_letters(comments[i], row, forces[i])
            if thorough or settled[i] is None:
                asked.append(i)
        if hurried or self.model is None:
            return self._last(
                comments, forces, [verdict or self._unasked(forces[i]) for i, verdict in enumerate(settled)]
            )
        letters = dict(zip(open_, harms, strict=True))
        for i, seen in zip(asked, self._evidence(comments, asked, forces, letters), strict=True):
            known = settled[i]
            settled[i] = Verdict(known.finding, seen) if known else self._by_model(seen, comments[i], forces[i])
        return self._last(comments, forces, [verdict or MODEL_MISSING for verdict in settled])

    def _last(self, comments: Sequence[Heard], forces: Sequence[Force], verdicts: list[Verdict]) -> list[Verdict]:
        return [
            judge_as_seller(verdict, heard, force.policy)
            for verdict, heard, force in zip(verdicts, comments, forces, strict=True)
        ]

    def _harms(self, readings: Sequence[Reading]) -> list[dict[str, float] | None]:
        if self.linear is None:
            return [None] * len(readings)
        rows = self.linear.score(readings).round(3).tolist()
        return [dict(zip(HARMS, row, strict=True)) for row in rows]

    def _brief(self, heard: Heard) -> Verdict | None:
        """Brief texts need no model, where there is one."""
        return PUBLISH if self.model and is_brief(heard.reading) else None

    def _by_letters(self, heard: Heard, harms: dict[str, float] | None, force: Force) -> Verdict | None:
        """Nothing is published because the letters see no harm while a host has added claims: letters know nothing
        of those."""
        verdict = judge_by_letters(harms, force.policy) or self._idle(heard, harms, force.policy) if harms else None
        if verdict is not None and verdict.finding is None and (force.claims or self.model is None):
            return None
        return verdict

    def _idle(self, heard: Heard, harms: dict[str, float], policy: Policy) -> Verdict | None:
        """Words are counted only where the letters would do."""
        if self.model is None or judge_idle_talk(harms, 0.0, policy) is None:
            return None
        return judge_idle_talk(harms, self.model.topic(heard.reading), policy)

    def _unasked(self, force: Force) -> Verdict:
        if self.model is None:
            return MODEL_MISSING
        return OVERLOADED if force.policy.overload.unsure == "hold" else Verdict(provisional=True)

    def _evidence(
        self, comments: Sequence[Heard], asked: Sequence[int], forces: Sequence[Force],
        letters: dict[int, dict[str, float] | None],
    ) -> list[Evidence]:  # fmt: skip
        if self.model is None or not asked:
            return []
        found = self.model.evidence([comments[i].reading for i in asked], [forces[i].claims for i in asked])
        return [Evidence(_together(seen, letters[i]), seen.matches) for i, seen in zip(asked, found, strict=True)]

    def _by_model(self, seen: Evidence, heard: Heard, force: Force) -> Verdict:
        own, asked = {claim.id: as_claim(claim) for claim in force.claims}, asks(heard.reading)
        if own and seen.matches and seen.matches[0].claim in own:
            scores = dict(seen.scores)  # how far a sentence asserts was asked of the claim itself
            needed = force.policy.claim.question_at if asked else force.policy.claim.misinformation_at
            scores["misinformation"] = max(scores["misinformation"], needed)
            seen = Evidence(scores, seen.matches)
        return judge_by_model(seen, force.policy, {**self.bank, **own}, newcomer=heard.newcomer, asks=asked)


def _cleared(heard: Heard, words: Words) -> Heard:
    """What a broadcast allows is shown to no model either."""
    return heard if words.none else msgspec.structs.replace(heard, reading=words.clear(heard.reading))


def _together(seen: Evidence, letters: dict[str, float] | None) -> dict[str, float]:
    """Head, linear model and nearness to a claim weighed; the four add up to one. What a misleading statement loses
    goes to the harmless: what is known of advertising and insults stays as it was."""
    raw: dict[str, float] = {label: seen.scores[label] for label in LABELS}
    if letters:
        for harm in ("promotion", "abuse"):
            raw[harm] = (1 - LETTERS_SHARE) * raw[harm] + LETTERS_SHARE * letters[harm]
    total = sum(raw.values())
    if seen.matches:
        kept = _still_misleading(raw["misinformation"] / total, seen.matches[0].topic) * total
        raw["ok"] += raw["misinformation"] - kept
        raw["misinformation"] = kept
    return {label: round(value / total, 3) for label, value in raw.items()}


def _still_misleading(chance: float, topic: float) -> float:
    odds = math.exp(OFF_TOPIC * min(topic - NEAR_A_CLAIM, 0.0))
    return chance * odds / (1 - chance + chance * odds)
