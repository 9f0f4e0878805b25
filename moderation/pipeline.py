"""Comments in, verdicts out: rules first, the model only for what they leave open.

Called by the worker and by the evaluation, so that what is measured is what runs. Blocks while the encoder
works: call it off the event loop. Keeps no state between calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from moderation.judge import MODEL_MISSING, PUBLISH, Evidence, Verdict, judge_by_model, judge_by_rules
from moderation.model.claims import ClaimIndex, claim_bank, load_index
from moderation.model.encoder import Encoder, ModelUnusable, resolve
from moderation.model.head import Head, inputs
from moderation.model.unpack import WeightsMissing
from moderation.normalise import Reading, is_brief
from moderation.policy import Policy
from moderation.recent import Repeats

log = logging.getLogger(__name__)


class Model(msgspec.Struct, frozen=True):
    """The encoder with the heads and the claims that fit it."""

    encoder: Encoder
    head: Head
    index: ClaimIndex

    @property
    def name(self) -> str:
        """What verdicts record."""
        return f"{self.encoder.name}+{self.head.name}"

    def evidence(self, readings: Sequence[Reading]) -> list[Evidence]:
        vectors = self.encoder.encode([reading.plain for reading in readings])
        matches = self.index.nearest(vectors)
        fits = self.head.fits(self.encoder.name)
        scores = self.head.score(readings, inputs(readings, vectors, matches, self.index) if fits else None)
        return [Evidence(row, found) for row, found in zip(scores, matches, strict=True)]


def load_model(model: str, data: Path, progress: Callable[[str], None] | None = None) -> Model:
    """Prepare and load; raises ModelUnusable. Takes some seconds, the first time some more."""
    try:
        encoder = Encoder(resolve(model, data, progress))
        head = Head.load()
        if not head.fits(encoder.name):
            log.warning("no trained head for the encoder %s: classes come from the letters alone", encoder.name)
        return Model(encoder, head, load_index(encoder, data / "models", progress))
    except (WeightsMissing, OSError) as error:
        raise ModelUnusable(f"{model}: {error}") from error


class Pipeline:
    def __init__(self, model: Model | None, policy: Policy) -> None:
        self.model = model
        self.policy = policy
        self.bank = claim_bank()

    @property
    def model_name(self) -> str:
        return self.model.name if self.model else ""

    def judge(self, comments: Sequence[tuple[Reading, Repeats]], *, thorough: bool = False) -> list[Verdict]:
        """One verdict per comment, in their order.

        Thorough: the model is asked about every comment, so that all scores can be measured; same findings."""
        settled = [self._without_model(reading, repeats) for reading, repeats in comments]
        asked = [i for i, verdict in enumerate(settled) if self.model and (verdict is None or thorough)]
        if self.model and asked:
            evidence = self.model.evidence([comments[i][0] for i in asked])
            for i, seen in zip(asked, evidence, strict=True):
                known = settled[i]
                settled[i] = Verdict(known.finding, seen) if known else judge_by_model(seen, self.policy, self.bank)
        return [verdict or MODEL_MISSING for verdict in settled]

    def _without_model(self, reading: Reading, repeats: Repeats) -> Verdict | None:
        verdict = judge_by_rules(reading, repeats, self.policy)
        if verdict is None and self.model and is_brief(reading):
            return PUBLISH
        return verdict
