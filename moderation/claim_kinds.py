"""Of which kind a claim of the bank is: its code in the CARDS taxonomy of contrarian claims, and its fallacy.

Read by the evaluation's rows and by the words of the desk (`web/review_words.py`). Codes as in Coan et al. 2021
(doi.org/10.1038/s41598-021-01714-4), with points: "1.3"; "" where a claim is about something else than climate.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple


class Kind(NamedTuple):
    cards: str = ""
    fallacy: str = ""


@cache
def claim_kinds() -> Mapping[str, Kind]:
    """By claim. A claim that a host added to a broadcast has none."""
    text = files("moderation").joinpath("data/claim_kinds.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["claim"]: Kind(row["cards"], row["fallacy"]) for row in rows})
