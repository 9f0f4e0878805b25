"""Our own labelled comments: the wordings of claims, and what the head is taught and measured with.

Called by `claims.py` and `train.py`. Written for this project; nobody's words were copied.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Label = Literal["ok", "misinformation", "promotion", "abuse"]
LABELS: tuple[Label, ...] = ("ok", "misinformation", "promotion", "abuse")


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`myth` is the claim it is about; `form` says what it does: assertion, question, debunk, cheer ..."""

    text: str
    label: Label
    lang: Literal["zh", "en", "mixed"]
    form: str = ""
    myth: str = ""


@cache
def seeds() -> tuple[Seed, ...]:
    """All of them, file by file; equal texts once."""
    found: dict[str, Seed] = {}
    for _, rows in seed_files():
        for seed in rows:
            found.setdefault(seed.text, seed)
    return tuple(found.values())


@cache
def seed_files() -> tuple[tuple[str, tuple[Seed, ...]], ...]:
    """By name of the file. Each is one author's, so that a model can be measured on an author it has not read."""
    decoder = msgspec.json.Decoder(Seed)
    folder = files("moderation").joinpath("data")
    ours = (path for path in folder.iterdir() if "seeds" in path.name and path.name.endswith(".jsonl"))
    paths = sorted(ours, key=lambda path: path.name)
    return tuple(
        (path.name, tuple(decoder.decode(line) for line in path.read_bytes().splitlines() if line.strip()))
        for path in paths
    )
