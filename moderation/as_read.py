"""A comment as the checks read it, for moderators to see: the least reduced reading in which its disguise is off.

Handed to the hub by `web/app.py`. As typed, where only width, case, spaces, marks and repeats differ, which nobody is
misled by: what remains is what the rules saw and a reader may not.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from moderation.normalise import read

_DROPPED = re.compile(r"[^\w+%@]|_")
_REPEATED = re.compile(r"(.)\1+")
_WIDE = re.compile("[\u3000\uff00-\uffef]+")


@lru_cache(maxsize=1000)
def as_read(text: str) -> str:
    reading = read(text)
    if _letters(reading.squeezed) != _letters(reading.folded):
        return reading.squeezed
    if _letters(reading.folded) != _letters(reading.plain):
        return reading.folded
    typed = " ".join(_WIDE.sub(lambda wide: unicodedata.normalize("NFKC", wide[0]), text).split())
    return text if typed.casefold() == reading.plain.casefold() else reading.plain


def _letters(reading: str) -> str:
    return _REPEATED.sub(r"\1", _DROPPED.sub("", reading.casefold()))
