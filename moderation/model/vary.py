"""The same comment as other people would type it. Called by `train.py`: each pass over the seeds sees new variants.

Punctuation left out, capitals lost; advertisements in the disguises that are meant to get past a filter, and whole
ones made anew. The label stays true whatever is varied.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from moderation.model.corpus import Row
from moderation.model.disguise import adverts, disguised
from moderation.normalise import read

_END = ".。!！?？~～,，"

ADVERTS = {"zh": 400, "en": 200}
"""Made for each pass."""
_ADVERT_WEIGHT = 0.6


def vary(row: Row, draw: Random) -> str:
    """A text to learn from instead of this row's."""
    text = row.reading.plain
    if draw.random() < (0.5 if row.label == "promotion" else 0.02):  # a disguise alone is no advertisement
        text = disguised(text, draw)
    elif draw.random() < 0.4:
        text = text.rstrip(_END) or text
    if draw.random() < 0.15:
        text = text.lower()
    return read(text).plain or row.reading.plain


def made(draw: Random) -> Iterator[Row]:
    for lang, count in ADVERTS.items():
        for _, text in adverts(lang, count, draw):  # type: ignore[arg-type]
            yield Row(read(text), "promotion", _ADVERT_WEIGHT, "adverts.toml", lang)
