"""The labelled comments: readable, each once, and none of them in a set that we measure with."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import msgspec

from moderation.model.seeds import Seed

ROOT = Path(__file__).parents[2]
SEEDS = sorted((ROOT / "moderation" / "data").glob("*seeds*.jsonl"))
HELD_OUT = sorted((ROOT / "tests" / "moderation").glob("held_out*.jsonl"))


def plain(text: str) -> str:
    """Without case, width, spaces and punctuation; emoji alone is nothing."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())


def test_every_seed_is_read_and_short_enough() -> None:
    seeds = [msgspec.json.decode(line, type=Seed) for file in SEEDS for line in file.read_bytes().splitlines()]
    assert len(seeds) > 9000
    assert all(0 < len(seed.text) <= 200 for seed in seeds)


def test_nothing_is_taught_twice_or_measured_with_what_was_taught() -> None:
    taught = [plain(json.loads(line)["text"]) for file in SEEDS for line in file.read_text("utf-8").splitlines()]
    taught = [text for text in taught if text]
    assert len(taught) == len(set(taught))
    measured = {plain(json.loads(line)["text"]) for file in HELD_OUT for line in file.read_text("utf-8").splitlines()}
    assert not measured & set(taught)
