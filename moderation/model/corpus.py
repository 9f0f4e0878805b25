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

from moderation.model.claims import claim_bank
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
    seed: int = -1
    """Place of the seed that it is or was made of; -1 for foreign sentences and facts."""


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


_WRAPPED_WEIGHT = 8.0
_WRAPPERS = {
    "zh": ("请问{}是真的吗", "听人说{},对吗?", "总有人说{},其实不对", "“{}”是谣言", "别再说{}了,没有依据"),
    "en": (
        "is it true that {}?",
        "someone told me {}, is that right?",
        "people keep saying {}, which is wrong",
        '"{}" is a myth',
        "why do some believe that {}?",
    ),
}


def seed_rows() -> list[Row]:
    every = enumerate(seeds())
    return [Row(read(seed.text), seed.label, SEED_WEIGHT, "seeds", seed.lang, seed.myth, i) for i, seed in every]


def wrapped_rows() -> list[Row]:
    """Our assertions asked about and corrected, which makes them harmless; and the facts of the claim bank."""
    rows = []
    for i, seed in enumerate(seeds()):
        if seed.label == "misinformation":
            wrappers = _WRAPPERS["zh" if seed.lang == "zh" else "en"]
            for wrapper in (wrappers[i % len(wrappers)], wrappers[(i + 2) % len(wrappers)]):
                text = wrapper.format(seed.text)
                rows.append(Row(read(text), "ok", _WRAPPED_WEIGHT, "wrapped", seed.lang, seed.myth, i))
    for claim in claim_bank().values():
        rows += [Row(read(text), "ok", _WRAPPED_WEIGHT, "facts") for text in (claim.fact_zh, claim.fact_en)]
    return rows


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
