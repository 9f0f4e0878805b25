"""What is learned from: our seeds, and labelled sentences of other people that are not part of this project.

Called by `train.py`, `retrain.py` and `tables.py`. The datasets' folder is given; their sentences never come into
the repository, docs/moderation.md says whose they are and under which licence.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from moderation.model.claims import claim_bank
from moderation.model.seeds import LABELS, Label, seed_files
from moderation.model.tune import Sample
from moderation.normalise import Reading, read


class Row(msgspec.Struct, frozen=True):
    reading: Reading
    label: Label
    weight: float
    source: str
    """The file that it is from: of our seeds, one author's; of other people's, a data set."""
    lang: str = ""
    form: str = ""
    claim: str = ""
    fallacy: str = ""


class Source(msgspec.Struct, frozen=True):
    """One file: which field says what, how many rows of each label are drawn, and what one counts."""

    file: str
    field: str
    yes: Label
    no: Label
    most: int
    weight: float = 1.0
    lang: str = "en"


COLD = Source("cold_train.jsonl", "offensive", "abuse", "ok", 1200, 0.6, "zh")
FLICC = Source("flicc_train.jsonl", "", "misinformation", "ok", 2000, 0.6)
SMS = Source("sms_spam.jsonl", "spam", "promotion", "ok", 300, 0.4)
YOUTUBE = Source("youtube_spam_4videos.jsonl", "spam", "promotion", "ok", 2000, 0.6)

OTHERS = (COLD, FLICC, SMS, YOUTUBE)

BANK = "claims.csv"

_WEIGHT: dict[Label, float] = {"ok": 1.0, "misinformation": 1.0, "promotion": 1.5, "abuse": 2.0}
"""Insults and advertisements are fewer among the seeds than harmless comments, and matter as much."""


def seed_rows() -> list[Row]:
    """Every seed once; the bank's own wordings of claim and fact as an author of their own."""
    known: dict[str, Row] = {}
    for name, found in seed_files():
        for seed in found:
            row = Row(read(seed.text), seed.label, _WEIGHT[seed.label], name, seed.lang, seed.form, seed.myth)
            if row.reading.plain:
                known.setdefault(row.reading.plain, row)
    for row in _bank_rows():
        known.setdefault(row.reading.plain, row)
    return list(known.values())


def _bank_rows() -> Iterator[Row]:
    for claim in claim_bank().values():
        for lang, said, fact in (("zh", claim.claim_zh, claim.fact_zh), ("en", claim.claim_en, claim.fact_en)):
            yield Row(read(said), "misinformation", 1.0, BANK, lang, "assertion", claim.id)
            yield Row(read(fact), "ok", 1.0, BANK, lang, "debunk", claim.id)


def foreign_rows(folder: Path, sources: Iterable[Source], draw: int = 7) -> list[Row]:
    """Drawn at random but always the same; equal texts once."""
    known: dict[str, Row] = {}
    for source in sources:
        by_label: dict[Label, list[Row]] = {}
        for text, label, fields in labelled(folder / source.file, source):
            reading = read(text)
            row = Row(reading, label, source.weight, source.file, source.lang, fallacy=fields.get("fallacy", ""))
            if reading.plain:
                by_label.setdefault(label, []).append(row)
        for rows in by_label.values():
            random.Random(draw).shuffle(rows)  # noqa: S311 (a draw, not a secret)
            for row in rows[: source.most]:
                known.setdefault(row.reading.plain, row)
    return list(known.values())


def labelled(path: Path, source: Source) -> Iterator[tuple[str, Label, dict[str, Any]]]:
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row["text"], source.yes if not source.field or row[source.field] else source.no, row


class Tasks(msgspec.Struct, frozen=True):
    """The answers that each task chooses among, in their order."""

    forms: tuple[str, ...]
    fallacies: tuple[str, ...]
    claims: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Tasks:
        forms, fallacies = ({getattr(row, key) for row in rows} - {""} for key in ("form", "fallacy"))
        return cls(tuple(sorted(forms)), tuple(sorted(fallacies)), tuple(claim_bank()))

    def sample(self, row: Row) -> Sample:
        """Other people's sentences say nothing about our claims; our seeds without a claim are about none."""
        ours = not row.source.endswith(("_train.jsonl", "_spam.jsonl", "_4videos.jsonl"))
        return Sample(
            text=row.reading.plain,
            label=LABELS.index(row.label),
            weight=row.weight,
            form=_place(self.forms, row.form),
            fallacy=_place(self.fallacies, row.fallacy),
            claim=len(self.claims) if ours and not row.claim else _place(self.claims, row.claim),
        )

    def wordings(self) -> list[list[str]]:
        bank = claim_bank()
        return [[read(bank[name].claim_zh).plain, read(bank[name].claim_en).plain] for name in self.claims]


def _place(answers: tuple[str, ...], answer: str) -> int:
    return answers.index(answer) if answer in answers else -1
