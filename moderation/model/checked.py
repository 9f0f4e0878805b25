"""The figures of the checks: what models said of seeds whose authors they had not read. Called by `tables.py`.

From these the head is calibrated and the thresholds of the policy are chosen, never from the comments that the card
reports as held out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from moderation.measure import measure
from moderation.model.claims import claim_bank
from moderation.model.fit import calibrate
from moderation.model.head import FloatArray, IntArray, languages, mixed, softmax
from moderation.model.seeds import LABELS
from moderation.normalise import read

BINS = 10
FOLDS = 5


def checked_tables(kept: Path) -> dict[str, Any]:
    found = read_checks(kept)
    probabilities = calibrated(found)
    scores = [dict(zip(LABELS, row, strict=True)) for row in probabilities.tolist()]
    return {
        "authors": {
            str(author): measure([str(found["label"][i]) for i in there], [scores[i] for i in there])
            for author in np.unique(found["source"])
            if (there := np.flatnonzero(found["source"] == author)).size
        },
        "languages": {
            lang: measure([str(found["label"][i]) for i in there], [scores[i] for i in there])
            for lang in ("zh", "en")
            if (there := np.flatnonzero(found["lang"] == lang)).size
        },
        "claims": recall(found),
        "reliability": reliability(found["label"], probabilities),
    }


def read_checks(kept: Path) -> dict[str, Any]:
    """All parts together: text, label, lang, form, claim, source of every row, and what a model says of it."""
    parts = []
    for path in sorted(kept.glob("check-*.npz")):
        with np.load(path) as file:
            parts.append({key: file[key] for key in file.files})
    if not parts:
        raise FileNotFoundError(f"no checks in {kept}: make them first")
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def calibrated(found: dict[str, Any]) -> FloatArray:
    """Probabilities of the rows, calibrated on other rows than themselves."""
    language = languages([read(text) for text in found["text"].tolist()])
    label = np.array([LABELS.index(name) for name in found["label"]])
    meaning, letters = found["meaning"], found["letters"]
    nearer = (found["said"] - found["asked"]).astype(np.float32)
    fold = np.random.default_rng(1).permutation(len(label)) % FOLDS
    result = np.zeros((len(label), len(LABELS)), dtype=np.float32)
    for number in range(FOLDS):
        seen, out = fold != number, fold == number
        mix = calibrate(meaning[seen], letters[seen], nearer[seen], label[seen], language[seen])
        result[out] = softmax(mixed(mix, meaning[out], letters[out], nearer[out], language[out]))
    return result


def recall(found: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Of assertions by authors that were left out: the right claim first, or among the first three."""
    result = {}
    looked_for = np.isin(found["claim"], list(claim_bank()))
    for lang in ("zh", "en"):
        there = (found["label"] == "misinformation") & looked_for & (found["lang"] == lang)
        right = found["claims"][there] == found["claim"][there][:, None]
        if len(right):
            result[lang] = {
                "rows": int(there.sum()),
                "first": round(float(right[:, 0].mean()), 4),
                "among three": round(float(right.any(axis=1).mean()), 4),
            }
    return result


def reliability(label: Any, probabilities: FloatArray) -> list[dict[str, float]]:
    """Of what was said with this probability (all labels), how much was true."""
    said = probabilities.ravel()
    true = np.concatenate([(label == name)[:, None] for name in LABELS], axis=1).ravel()
    place: IntArray = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    return [
        {
            "said": round(float(said[place == number].mean()), 3),
            "true": round(float(true[place == number].mean()), 3),
            "rows": int((place == number).sum()),
        }
        for number in range(BINS)
        if (place == number).any()
    ]
