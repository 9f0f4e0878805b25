"""Fits the two linear models of the head, and how much each counts. Called by `train.py`, `retrain.py`, `tables.py`.

Everything is deterministic: same rows, same weights. With a head to start from, a fit moves away from it only as
far as the rows make it: what the head has learned from sentences that are not at hand stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from moderation.model.head import BUCKETS, FloatArray, Head, IntArray, Weights, grams
from moderation.model.seeds import LABELS
from moderation.normalise import Reading

SMOOTHING = 0.05
PULL = 2e-3
"""Of the meaning: penalty for the squared distance to where it started, per row's mean loss."""

LETTER_PASSES = 8
LETTER_RATE = 2e-2
CONTINUED_PASSES = 3
"""Over the letters, with a head to start from."""

MIX = (0.8, 0.4, 2.0)
"""What meaning, letters and nearness count before it is known; `calibrate` fits it."""

LANGUAGES = 2


Fitted = tuple[FloatArray, FloatArray]
"""Weights and bias of a linear model."""


def fit_head(
    encoder: str,
    vectors: FloatArray,
    rows: tuple[Sequence[Reading], IntArray, FloatArray],
    about: dict[str, Any],
    start: Head | None = None,
    *,
    pull: float = PULL,
) -> Head:
    """A head from these rows and their vectors; what meaning and letters count is taken from `start`."""
    readings, labels, weights = rows
    before = start.weights if start and start.fits(encoder) else None
    tuned = (before.meaning, before.meaning_bias) if before else None
    known = (start.weights.letters, start.weights.letters_bias) if start else None
    meaning, meaning_bias = fit_meaning(vectors, labels, weights, tuned, pull=pull)
    letters, letters_bias = fit_letters(readings, labels, weights, known)
    found = Weights(
        meaning=meaning,
        meaning_bias=meaning_bias,
        letters=letters,
        letters_bias=letters_bias,
        mix=before.mix if before else np.tile(np.array(MIX, dtype=np.float32), (LANGUAGES, 1)),
    )
    return Head(named(found), encoder, found, about)


def named(weights: Weights) -> str:
    """After what is in it, so that verdicts tell which head they are from."""
    parts = (getattr(weights, key).astype(np.float16).tobytes() for key in Weights.__struct_fields__)
    return f"head-{sha256(b''.join(parts)).hexdigest()[:8]}"


def fit_meaning(
    vectors: FloatArray,
    labels: IntArray,
    weights: FloatArray,
    start: Fitted | None = None,
    *,
    answers: int = len(LABELS),
    pull: float = PULL,
) -> Fitted:
    """Logistic regression on the vectors, drawn towards `start` (or, less, towards nothing)."""
    x, y, w = torch.tensor(vectors), torch.tensor(labels), torch.tensor(weights / weights.mean())
    at, bias_at = (torch.tensor(t) for t in start or (np.zeros((x.shape[1], answers), np.float32), _none(answers)))
    weight, bias = at.clone().requires_grad_(), bias_at.clone().requires_grad_()
    strength = pull if start else pull / 20

    def loss() -> Tensor:
        moved = (weight - at).square().sum() + (bias - bias_at).square().sum()
        return _weighted(x @ weight + bias, y, w) + strength * moved

    _minimise([weight, bias], loss)
    return weight.detach().numpy().copy(), bias.detach().numpy().copy()


def fit_letters(
    readings: Sequence[Reading],
    labels: IntArray,
    weights: FloatArray,
    start: Fitted | None = None,
    *,
    answers: int = len(LABELS),
) -> Fitted:
    """Logistic regression on hashed n-grams, by a few passes of gradient descent."""
    torch.manual_seed(0)
    found = [grams(reading) for reading in readings]
    at, bias_at = start or (np.zeros((BUCKETS, answers), np.float32), _none(answers))
    table = torch.nn.EmbeddingBag(BUCKETS, answers, mode="sum", _weight=torch.tensor(at))
    bias = torch.nn.Parameter(torch.tensor(bias_at))
    optimizer = torch.optim.AdamW([table.weight, bias], LETTER_RATE, weight_decay=0.0 if start else 1e-2)
    y, w = torch.tensor(labels), torch.tensor(weights / weights.mean())
    for _ in range(CONTINUED_PASSES if start else LETTER_PASSES):
        for batch in torch.split(torch.randperm(len(found)), 256):
            part = [found[i] for i in batch.tolist()]
            flat = torch.tensor(np.concatenate(part))
            starts = torch.tensor(np.cumsum([0, *(len(buckets) for buckets in part[:-1])]))
            scale = torch.tensor(np.concatenate([np.full(len(b), max(len(b), 1) ** -0.5, np.float32) for b in part]))
            optimizer.zero_grad()
            raw = table(flat, starts, per_sample_weights=scale) + bias
            _weighted(raw, y[batch], w[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return table.weight.detach().numpy().copy(), bias.detach().numpy().copy()


def calibrate(
    meaning: FloatArray, letters: FloatArray, nearer: FloatArray, labels: IntArray, language: IntArray
) -> FloatArray:
    """`mix` by language, from rows that neither model was trained on: how far each can be trusted.

    Nothing is shifted towards a label: how many claims an author of seeds makes says nothing of a broadcast."""
    only = torch.tensor([float(label == "misinformation") for label in LABELS])
    mixes = []
    for number in range(LANGUAGES):
        there = language == number
        m, g, y = torch.tensor(meaning[there]), torch.tensor(letters[there]), torch.tensor(labels[there])
        near = torch.tensor(nearer[there].astype(np.float32))[:, None] * only
        mix = torch.tensor(MIX).requires_grad_()

        def loss(m: Tensor = m, g: Tensor = g, n: Tensor = near, y: Tensor = y, mix: Tensor = mix) -> Tensor:
            kept = 1e-3 * (mix - torch.tensor(MIX)).square().sum()
            return functional.cross_entropy(mix[0] * m + mix[1] * g + mix[2] * n, y) + kept

        _minimise([mix], loss)
        mixes.append(mix.detach().numpy().clip(min=0.0))
    return np.stack(mixes).astype(np.float32)


def _none(answers: int) -> FloatArray:
    return np.zeros(answers, dtype=np.float32)


def _weighted(raw: Tensor, y: Tensor, w: Tensor) -> Tensor:
    each = functional.cross_entropy(raw, y, reduction="none", label_smoothing=SMOOTHING)
    return (each * w).sum() / w.sum()


def _minimise(parameters: list[Tensor], loss: Any) -> None:
    optimizer = torch.optim.LBFGS(parameters, max_iter=200, history_size=20, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value: Tensor = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
