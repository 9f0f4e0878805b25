"""How the shipped model does on seeds of an author whom it has not read. Run by us, before they are trained on.

`python -m moderation.model.strangers FILE.jsonl ... --data DATA --out FIGURES.json`; lines as in `data/seeds*.jsonl`.
The form of a comment and the claim that it is about say more than the four labels of `streamhub moderation evaluate`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from moderation.evaluate import Row, evaluate, scores_of
from moderation.judge import Verdict
from moderation.measure import measure
from moderation.model.prepare import NAME
from moderation.model.seeds import Seed
from moderation.pipeline import Pipeline, load_model
from moderation.policy import load_policy

FEWEST = 10
"""Rows of a form; a share of fewer is not told."""

HONEST = ("question", "debunk", "quotation")

Judged = Sequence[tuple[Seed, Verdict]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("files", type=Path, nargs="+", help="seeds of authors that the model has not read")
    arguments.add_argument("--data", type=Path, default=Path("data"), help="keeps the encoder")
    arguments.add_argument("--out", type=Path, help="where the figures are written, too")
    given = arguments.parse_args()
    pipeline = Pipeline(load_model(NAME, given.data), load_policy())
    found = {"model": pipeline.model_name, **{path.name: figures(path, pipeline) for path in given.files}}
    text = json.dumps(found, indent=1, sort_keys=True) + "\n"
    if given.out:
        given.out.write_text(text, "utf-8")
    print(text, end="")  # noqa: T201 (a command's answer)


def figures(path: Path, pipeline: Pipeline) -> dict[str, Any]:
    """By language, through the whole pipeline with the default policy. Mixed comments count as Chinese."""
    seeds = [msgspec.json.decode(line, type=Seed) for line in path.read_bytes().splitlines() if line.strip()]
    rows = [Row(seed.text, seed.label, "en" if seed.lang == "en" else "zh") for seed in seeds]
    judged = list(zip(seeds, evaluate(rows, pipeline).verdicts, strict=True))
    return {
        lang: _figures([pair for pair, row in zip(judged, rows, strict=True) if row.lang == lang])
        for lang in ("zh", "en")
        if any(row.lang == lang for row in rows)
    }


def _figures(judged: Judged) -> dict[str, Any]:
    asserted = [(s, v) for s, v in judged if s.label == "misinformation" and s.myth]
    harmless = [(s, v) for s, v in judged if s.label == "ok"]
    harm = [(s, v) for s, v in judged if s.label in ("promotion", "abuse")]
    return {
        "rows": len(judged),
        "labels": measure([seed.label for seed, _ in judged], [scores_of(verdict) for _, verdict in judged]),
        "claims": recall(asserted),
        "assertions with a card": _shares(asserted, "annotate"),
        "of these with the right one": _right(asserted),
        "harmless with a card": _shares(harmless, "annotate"),
        "honest with a card": _share([(s, v) for s, v in harmless if s.form in HONEST], "annotate"),
        "harmless held": _shares(harmless, "hold"),
        "promotion and abuse held": _shares(harm, "hold"),
    }


def recall(asserted: Judged) -> dict[str, float | None]:
    """The right claim first, and among the first three, whether it got a card or not."""
    if not asserted:
        return {}
    right = [[match.claim == s.myth for match in v.evidence.matches] if v.evidence else [] for s, v in asserted]
    return {
        "rows": len(right),
        "first": _mean([bool(row) and row[0] for row in right]),
        "among three": _mean([any(row[:3]) for row in right]),
    }


def _right(asserted: Judged) -> float | None:
    shown = [(seed, verdict.finding) for seed, verdict in asserted if verdict.action == "annotate"]
    return _mean([finding is not None and finding.reason.rule == seed.myth for seed, finding in shown])


def _shares(judged: Judged, action: str) -> dict[str, Any]:
    """Of all, and of each form of which there are some."""
    forms = sorted({seed.form for seed, _ in judged})
    by_form = {form: [(s, v) for s, v in judged if s.form == form] for form in forms}
    return {
        "all": _share(judged, action),
        **{form: _share(part, action) for form, part in by_form.items() if len(part) >= FEWEST},
    }


def _share(judged: Judged, action: str) -> dict[str, Any]:
    return {"rows": len(judged), "share": _mean([verdict.action == action for _, verdict in judged])}


def _mean(found: Sequence[bool]) -> float | None:
    return round(float(np.mean(found)), 4) if found else None


if __name__ == "__main__":
    main()
