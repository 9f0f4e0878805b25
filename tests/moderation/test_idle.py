"""Talk about nothing in the claim bank is published without asking the encoder, unless a host has added claims."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from moderation.judge import Heard
from moderation.model.claims import claim_bank
from moderation.model.linear import BUCKETS, Linear, Weights
from moderation.normalise import read
from moderation.pipeline import Force, Model, Pipeline
from moderation.policy import Policy, load_policy
from streamhub.facts import ClaimAdded

TALK = "our neighbour's parrot whistles the weather forecast"
CLAIM = ClaimAdded(id="own-1", claim_en="parrots forecast rain", source="WMO", url="https://wmo.int", by="v1")


def letters(misinformation: float, other: float = 0.001) -> Linear:
    """Says the same of every text."""
    odds = np.log([p / (1 - p) for p in (misinformation, other, other)]).astype(np.float32)
    return Linear("same", Weights(np.zeros((BUCKETS, 3), np.float32), odds, np.zeros(BUCKETS, np.float32)))


def policy(topic: float) -> Policy:
    found = load_policy()
    return msgspec.structs.replace(found, idle=msgspec.structs.replace(found.idle, topic=topic))


@pytest.fixture
def fresh(model: Model) -> Model:
    """Remembers nothing."""
    return Model(model.encoder, model.head, model.index, model.words)


@pytest.mark.parametrize(
    ("topic", "misinformation", "other", "claims", "asked"),
    [
        (1.01, 0.08, 0.001, (), False),
        (0.0, 0.08, 0.001, (), True),
        (1.01, 0.3, 0.001, (), True),
        (1.01, 0.08, 0.1, (), True),
        (1.01, 0.08, 0.001, (CLAIM,), True),
    ],
)
def test_who_is_asked(
    fresh: Model, topic: float, misinformation: float, other: float, claims: tuple[ClaimAdded, ...], asked: bool
) -> None:
    force = Force(policy(topic), claims=claims)
    pipeline = Pipeline(fresh, force.policy, letters(misinformation, other))
    [verdict] = pipeline.judge([Heard(read(TALK))], [force])
    assert bool(fresh.remembered) == asked
    assert asked or verdict.action == "publish"


def test_the_words_of_a_claim_are_a_topic(model: Model) -> None:
    topics = [model.topic(read(claim.claim_en)) for claim in claim_bank().values() if not claim.by]
    assert sum(topic > load_policy().idle.topic for topic in topics) > 0.9 * len(topics)


def test_without_words_that_fit_the_bank_nothing_is_idle(model: Model) -> None:
    assert model.words is not None
    others = msgspec.structs.replace(model.words, claims=("unheard-of", *model.words.claims[1:]))
    assert Model(model.encoder, model.head, model.index, others).topic(read(TALK)) == math.inf
    assert Model(model.encoder, model.head, model.index).topic(read(TALK)) == math.inf
