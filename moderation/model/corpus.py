"""What the head is trained on: our seeds, and labelled sentences of other people that are not part of this project.

Called by `train.py` only. The datasets' folder is given; their sentences never come into the repository,
docs/moderation.md says whose they are and under which licence.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from moderation.model.seeds import Label, seeds
from moderation.normalise import Reading, read

SEED_WEIGHT = 30.0
"""One of our seeds counts as many as so many foreign sentences: they are what broadcasts sound like."""


class Row(msgspec.Struct, frozen=True):
    reading: Reading
    label: Label
    weight: float
    source: str
    lang: str = ""
    claim: str = ""
    form: str = ""


class Source(msgspec.Struct, frozen=True):
    """One file: which field says what, how many rows of each label are drawn, and what one counts."""

    file: str
    field: str
    yes: Label
    no: Label
    most: int
    weight: float = 1.0


TRAIN = (
    Source("cold_train.jsonl", "offensive", "abuse", "ok", 4000, 0.7),
    Source("flicc_train.jsonl", "", "misinformation", "ok", 2000),
    Source("youtube_spam_4videos.jsonl", "spam", "promotion", "ok", 2000),
    Source("sms_spam.jsonl", "spam", "promotion", "ok", 1500, 0.5),
)
VALIDATE = (
    Source("cold_dev.jsonl", "offensive", "abuse", "ok", 800),
    Source("flicc_val.jsonl", "", "misinformation", "ok", 500),
)


def seed_rows() -> list[Row]:
    return [Row(read(seed.text), seed.label, SEED_WEIGHT, "seeds", seed.lang, seed.myth, seed.form) for seed in seeds()]


def foreign_rows(folder: Path, sources: tuple[Source, ...], draw: int = 7) -> list[Row]:
    """Drawn at random but always the same; equal texts once."""
    known: dict[str, Row] = {}
    for source in sources:
        by_label: dict[Label, list[Row]] = {}
        for text, label in _labelled(folder / source.file, source):
            reading = read(text)
            if reading.plain:
                by_label.setdefault(label, []).append(Row(reading, label, source.weight, source.file))
        for rows in by_label.values():
            random.Random(draw).shuffle(rows)  # noqa: S311 (a draw, not a secret)
            known.update((row.reading.plain, row) for row in rows[: source.most])
    return list(known.values())


def _labelled(path: Path, source: Source) -> Iterator[tuple[str, Label]]:
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row["text"], source.yes if not source.field or row[source.field] else source.no
