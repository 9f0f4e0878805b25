"""How good scores are: precision, recall, F1, AUC per label. Pure; called by the evaluation and the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.model.seeds import LABELS

PRECISION = 0.95
"""Recall is told at this precision: what could be done automatically with one mistake in twenty."""


def measure(truth: Sequence[str], scores: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Per label and over all. A figure that cannot be computed (no such row) is None, never 0."""
    predicted = [max(LABELS, key=lambda label: row[label]) for row in scores]
    labels = {label: _label(label, truth, predicted, scores) for label in LABELS if label in truth}
    f1 = [each["f1"] for each in labels.values()]
    return {
        "rows": len(truth),
        "accuracy": _round(float(np.mean([t == p for t, p in zip(truth, predicted, strict=True)])) if truth else None),
        "macro_f1": _round(float(np.mean(f1)) if f1 else None),
        "labels": labels,
        "confusion": {label: _said_of(label, truth, predicted) for label in labels},
    }


def _said_of(label: str, truth: Sequence[str], predicted: Sequence[str]) -> dict[str, int]:
    said = [p for t, p in zip(truth, predicted, strict=True) if t == label]
    return {other: said.count(other) for other in LABELS}


def _label(
    label: str, truth: Sequence[str], predicted: Sequence[str], scores: Sequence[Mapping[str, float]]
) -> dict[str, Any]:
    hits = sum(t == p == label for t, p in zip(truth, predicted, strict=True))
    said, there = list(predicted).count(label), list(truth).count(label)
    precision = hits / said if said else None
    recall = hits / there if there else None
    positive = np.array([t == label for t in truth])
    raw = np.array([row[label] for row in scores])
    return {
        "rows": there,
        "precision": _round(precision),
        "recall": _round(recall),
        "f1": _round(2 * hits / (said + there)) if said + there else None,
        "auc": _round(auc(positive, raw)),
        "recall_at_precision_95": _round(recall_at_precision(positive, raw, PRECISION)),
    }


def auc(positive: NDArray[np.bool_], raw: NDArray[np.float64]) -> float | None:
    """The chance that a positive row scores above a negative one; ties count half."""
    plus, minus = raw[positive], np.sort(raw[~positive])
    if not len(plus) or not len(minus):
        return None
    below, upto = np.searchsorted(minus, plus, "left"), np.searchsorted(minus, plus, "right")
    return float((below + upto).sum() / 2 / len(plus) / len(minus))


def recall_at_precision(positive: NDArray[np.bool_], raw: NDArray[np.float64], precision: float) -> float | None:
    """The largest recall of any threshold at which at least this share of what is found is right."""
    if not positive.any():
        return None
    order = np.argsort(-raw, kind="stable")
    hits = np.cumsum(positive[order])
    found = np.arange(1, len(order) + 1)
    last_of_tie = np.append(raw[order][1:] != raw[order][:-1], True)
    usable = (hits / found >= precision) & last_of_tie
    return float(hits[usable].max() / positive.sum()) if usable.any() else 0.0


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
