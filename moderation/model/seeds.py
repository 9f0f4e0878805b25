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

_FILES = ("data/danmaku_seeds.jsonl", "data/seeds.jsonl")


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`myth` is the claim it is about; `form` says what it does: assertion, question, debunk, cheer ..."""

    text: str
    label: Label
    lang: Literal["zh", "en", "mixed"]
    form: str = ""
    myth: str = ""


@cache
def seeds() -> tuple[Seed, ...]:
    decoder = msgspec.json.Decoder(Seed)
    return tuple(
        decoder.decode(line)
        for name in _FILES
        for line in files("moderation").joinpath(name).read_bytes().splitlines()
        if line.strip()
    )
