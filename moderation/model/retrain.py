"""Teaches the head what people decided: what `streamhub moderation train` runs. Some minutes on a CPU.

The head that is in force is continued with the given rows, our seeds beside them, so that nothing else is forgotten.
It is measured on rows that it was not shown (five parts, four to learn and one to judge) beside the one in force on
the same rows, and written to DATA/models/trained only if it is no worse, or if told to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np

from moderation.evaluate import Mistake, read_rows
from moderation.measure import measure
from moderation.model.claims import ClaimIndex, load_index
from moderation.model.encoder import Encoder, FloatArray, on_gpu, resolve
from moderation.model.fit import fit_head
from moderation.model.head import Head, IntArray, inputs
from moderation.model.kept import HEAD, in_force, trained
from moderation.model.seeds import LABELS, seeds
from moderation.normalise import Reading, read

Progress = Callable[[str], None]

PARTS = 5
DECIDED_WEIGHT = 4.0
"""A comment that a person decided on counts as many seeds: it is what this audience sounds like. The head that was
tuned with more authors moves less: at 3 a club's own way of talking is learned a little worse, and at 4.5 no seed is
forgotten."""

FEWEST = 20
"""Rows below which nothing can be measured, so nothing is learned."""

REPLAYED = 1500
"""Seeds that are learned again beside the rows, evenly drawn; all of them for an encoder that has no head yet."""

FORGOTTEN = 0.01
"""Macro-F1 that may be lost on the seeds."""


class TooFew(Exception):
    """There are not enough rows to learn from; the message says how many there are."""


class Card(msgspec.Struct, frozen=True):
    """What was learned from, and how old and new head do on the same comments."""

    head: str
    encoder: str
    rows: dict[str, int]
    """By label."""
    mistakes: tuple[Mistake, ...]
    before: dict[str, Any]
    """`measure` of the head in force on the given rows."""
    after: dict[str, Any]
    """Of the new one, on rows that it had not been shown."""
    seeds_before: float
    seeds_after: float
    """Macro-F1 on our seeds, which both have seen: shows what is forgotten."""
    written: str
    """Where, or empty if it was not."""

    @property
    def better(self) -> bool:
        known = (self.before["macro_f1"] or 0.0, self.after["macro_f1"] or 0.0)
        return known[1] >= known[0] and self.seeds_after >= self.seeds_before - FORGOTTEN


class _Rows(msgspec.Struct, frozen=True):
    readings: list[Reading]
    labels: IntArray
    weights: FloatArray
    seen: FloatArray
    """`head.inputs` of each."""

    def part(self, which: Any) -> _Rows:
        places = np.flatnonzero(which)
        return _Rows([self.readings[i] for i in places], self.labels[places], self.weights[places], self.seen[places])

    def __add__(self, other: _Rows) -> _Rows:
        return _Rows(
            self.readings + other.readings,
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.weights, other.weights]),
            np.concatenate([self.seen, other.seen]),
        )


def retrain(
    files: Sequence[Path],
    *,
    model: str,
    data: Path,
    force: bool = False,
    replayed: int = REPLAYED,
    progress: Progress = lambda _: None,
) -> Card:
    """Raises OSError, TooFew, ModelUnusable, WeightsMissing."""
    given, mistakes = _given(files)
    if len(given) < FEWEST:
        raise TooFew(f"{len(given)} rows that can be read are too few to learn from; it takes {FEWEST}")
    models = data / "models"
    source = resolve(model, data, progress)
    encoder = on_gpu(source) or Encoder(source)
    old = Head.load(in_force(models, HEAD))
    index = load_index(encoder, models, progress)
    known = seeds()[:: max(len(seeds()) // replayed, 1)] if old.fits(encoder.name) else seeds()
    progress(f"reading {len(given)} rows and {len(known)} seeds")
    rows = _encoded(encoder, index, given, DECIDED_WEIGHT)
    ours = _encoded(encoder, index, [(seed.text, seed.label) for seed in known], 1.0)
    about = {
        "continued": old.name,
        "files": [path.name for path in files],
        "rows": dict(Counter(label for _, label in given)),
    }
    progress("measuring on rows that were not shown")
    after = _cross(encoder.name, rows, ours, about, old)
    new = _fit(encoder.name, ours + rows, about, old)
    card = Card(
        head=new.name,
        encoder=encoder.name,
        rows=dict(Counter(label for _, label in given)),
        mistakes=tuple(mistakes),
        before=_measured(rows, _scores(old, rows, encoder.name)),
        after=_measured(rows, after),
        seeds_before=_measured(ours, _scores(old, ours, encoder.name))["macro_f1"],
        seeds_after=_measured(ours, _scores(new, ours, encoder.name))["macro_f1"],
        written="",
    )
    if not (card.better or force):
        return card
    target = trained(models) / HEAD
    target.parent.mkdir(parents=True, exist_ok=True)
    new.save(target)
    return msgspec.structs.replace(card, written=str(target))


def _given(files: Sequence[Path]) -> tuple[list[tuple[str, str]], list[Mistake]]:
    """Texts with their labels, the last word on a text counts; and the lines that cannot be read."""
    known: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for path in files:
        rows, wrong = read_rows(path)
        known.update((row.text, row.truth) for row in rows if read(row.text).plain)
        mistakes += wrong
    return list(known.items()), mistakes


def _encoded(encoder: Encoder, index: ClaimIndex, given: Sequence[tuple[str, str]], weight: float) -> _Rows:
    readings = [read(text) for text, _ in given]
    labels = np.array([LABELS.index(label) for _, label in given])
    weights = np.full(len(given), weight, dtype=np.float32)
    vectors = encoder.encode([reading.plain for reading in readings])
    return _Rows(readings, labels, weights, inputs(readings, vectors, index.nearest(vectors, readings), index))


def _cross(encoder: str, rows: _Rows, ours: _Rows, about: dict[str, Any], old: Head) -> list[dict[str, float]]:
    """For every row, what a head says that was not shown it."""
    parts = np.array([crc32(reading.plain.encode()) % PARTS for reading in rows.readings])
    found: list[dict[str, float]] = [{} for _ in rows.readings]
    for part in np.unique(parts):
        head = _fit(encoder, ours + rows.part(parts != part), about, old)
        hidden = np.flatnonzero(parts == part)
        for place, scores in zip(hidden, _scores(head, rows.part(parts == part), encoder), strict=True):
            found[place] = scores
    return found


def _fit(encoder: str, rows: _Rows, about: dict[str, Any], old: Head) -> Head:
    return fit_head(encoder, rows.seen[:, :-1], (rows.readings, rows.labels, rows.weights), about, old)


def _scores(head: Head, rows: _Rows, encoder: str) -> list[dict[str, float]]:
    return head.score(rows.readings, rows.seen if head.fits(encoder) else None)


def _measured(rows: _Rows, scores: Sequence[dict[str, float]]) -> dict[str, Any]:
    return measure([LABELS[label] for label in rows.labels], scores)


def format_card(card: Card) -> str:
    """As text for a terminal."""
    lines = [
        f"{card.head} for {card.encoder}, learned from "
        + ", ".join(f"{count} {label}" for label, count in sorted(card.rows.items())),
        f"{'':<16}{'in force':>10}{'new':>10}   F1, on given rows that the new head had not been shown",
    ]
    for label in LABELS:
        before, after = (of["labels"].get(label, {}).get("f1") for of in (card.before, card.after))
        lines.append(f"  {label:<14}{_show(before):>10}{_show(after):>10}")
    lines.append(f"  {'macro':<14}{_show(card.before['macro_f1']):>10}{_show(card.after['macro_f1']):>10}")
    lines.append(f"  {'our seeds':<14}{_show(card.seeds_before):>10}{_show(card.seeds_after):>10}")
    lines += [f"line {mistake.line}: {mistake.message}" for mistake in card.mistakes]
    lines.append(
        f"written to {card.written}" if card.written else "not written: it is not better than what is in force"
    )
    return "\n".join(lines)


def _show(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
