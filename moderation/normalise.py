"""The text as a reader sees it: what disguises a word from a program but not from a person is undone.

Called by `judge.py` for every comment, and by the training. Pure; safe on any Unicode; linear in the
text's length, which is bounded first. Stable: reading the plain form again gives the same reading.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from importlib.resources import files

import msgspec
import opencc

LONGEST = 800
"""Characters kept: four times what a comment may have. Nothing behind them is judged."""

_PASSES = 16
"""Each pass undoes one layer of disguise; every text met so far was stable after three."""


class Reading(msgspec.Struct, frozen=True):
    """One text in three forms, from nearest to the original to most reduced."""

    plain: str
    """Compatibility forms, invisible and traditional characters resolved; for models."""
    folded: str
    """`plain` in lower case, signs as words; for rules that need word boundaries, addresses, prices."""
    squeezed: str
    """`folded` without spaces and punctuation, homophones and numerals resolved; for rules in Chinese."""


def read(text: str) -> Reading:
    plain = _until_stable(_plain, text[:LONGEST])
    folded = _until_stable(_fold, plain)
    return Reading(plain, folded, _until_stable(_squeeze, folded))


def _until_stable(step: Callable[[str], str], text: str) -> str:
    for _ in range(_PASSES):
        new = step(text)[:LONGEST]
        if new == text:
            break
        text = new
    return text


# ── plain ────────────────────────────────────────────────────────────────────────────────────────

_BLANK = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " ")
"""Letters that show nothing."""

_LOOKALIKE = str.maketrans(
    "АВСЕНІЈКМОРЅТХаеосрхуіјѕԁɡһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχ",
    "ABCEHIJKMOPSTXaeocpxyijsdghqwABEZHIKMNOPTYXaiknoptux",
)
"""Cyrillic and Greek letters that look Latin; read as Latin only in words that also have Latin letters."""

_WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+")
_LATIN = re.compile(r"[A-Za-z]")
_MARKS = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f])+")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_INVISIBLE = frozenset(("Cf", "Cs", "Co", "Cn"))


def _plain(text: str) -> str:
    shown = "".join(c for c in _letters(text).translate(_BLANK) if not _is_invisible(c))
    composed = unicodedata.normalize("NFKC", _MARKS.sub("", unicodedata.normalize("NFKC", shown)))
    latin = _WORD.sub(_as_latin, composed)
    return _SPACE.sub(" ", _simplified(latin)).strip()


def _is_invisible(c: str) -> bool:
    return c >= "\x7f" and (
        unicodedata.category(c) in _INVISIBLE or "\ufe00" <= c <= "\ufe0f" or "\U000e0100" <= c <= "\U000e01ef"
    )


def _letters(text: str) -> str:
    """Letters and digits in black circles and squares (🅥 🆅 ❶), which NFKC leaves alone."""
    return text.translate(_ENCLOSED) if any(c >= "\u2776" for c in text) else text


_ENCLOSED = {
    **{0x1F150 + i: chr(65 + i) for i in range(26)},
    **{0x1F170 + i: chr(65 + i) for i in range(26)},
    **{0x2776 + i: str(i + 1) for i in range(10)},
    **{0x2780 + i: str(i + 1) for i in range(10)},
    **{0x278A + i: str(i + 1) for i in range(10)},
    **{0x24EB + i: str(i + 11) for i in range(10)},
    0x24FF: "0",
    0x1F10B: "0",
    0x1F10C: "0",
}


def _as_latin(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(_LOOKALIKE) if _LATIN.search(word) else word


def _simplified(text: str) -> str:
    return str(_converter().convert(text)) if _HAN.search(text) else text


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

# ── folded ───────────────────────────────────────────────────────────────────────────────────────


def _fold(text: str) -> str:
    spelled = _table().signs_pattern.sub(lambda found: _table().signs[found[0]], text)
    lower = _WORD.sub(_as_latin, unicodedata.normalize("NFKC", spelled.lower()))
    joined = _SPACED.sub(lambda found: found[0].replace(" ", ""), _SPACE.sub(" ", lower))
    return _DIGIT_LETTERS.sub(_as_letters, joined).strip()


_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z] ){2,}[a-z](?![a-z0-9])")
"""d m  m e: three letters or more, each alone."""

_DIGIT_LETTERS = re.compile(r"(?<![a-z0-9])[a-z]+(?:[01345][a-z]+){1,2}(?![a-z0-9])")
"""inb0x, s3nd: a digit between letters of one word. Formulas (co2, h2o) and ids that end in digits stay."""

_SHAPES = str.maketrans("01345", "oieas")


def _as_letters(found: re.Match[str]) -> str:
    return found[0].translate(_SHAPES) if len(found[0]) <= 12 else found[0]


# ── squeezed ─────────────────────────────────────────────────────────────────────────────────────

_NUMERALS = "零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两"
_VALUES = str.maketrans(_NUMERALS, "0012345678912345678912")
_NUMERAL_RUN = re.compile(f"[{_NUMERALS}0-9]{{5,}}")
"""Numerals are read as digits only in runs as long as an account's number: 三八妇女节 stays words."""

_DROPPED = re.compile(r"[^\w+%@]|_")
_RUN = re.compile(r"([^0-9])\1{3,}")
_RUN_ANY = re.compile(r"(.)\1+")


def _squeeze(text: str) -> str:
    heard = _table().homophones_pattern.sub(lambda found: _table().homophones[found[0]], text)
    joined = _WORD.sub(_as_latin, _DROPPED.sub("", heard))
    digits = _NUMERAL_RUN.sub(lambda found: found[0].translate(_VALUES), joined)
    return _RUN.sub(r"\1\1", digits)


def is_brief(reading: Reading) -> bool:
    """Too short to claim anything (哈哈哈, 666, wow): at most 2 Chinese characters or 4 letters, repeats cut."""
    letters = _RUN_ANY.sub(r"\1", reading.squeezed)
    return len(letters) <= (2 if _HAN.search(letters) else 4)


# ── the tables, in a file of their own ───────────────────────────────────────────────────────────


class _Disguises(msgspec.Struct):
    signs: dict[str, str]
    homophones: dict[str, list[str]]


class _Table(msgspec.Struct):
    signs: dict[str, str]
    signs_pattern: re.Pattern[str]
    homophones: dict[str, str]
    homophones_pattern: re.Pattern[str]


@cache
def _table() -> _Table:
    raw = files("moderation").joinpath("data/disguises.json").read_bytes()
    read_in = msgspec.convert(json.loads(raw), _Disguises)
    homophones = {heard: word for word, many in read_in.homophones.items() for heard in many}
    return _Table(read_in.signs, _any_of(read_in.signs), homophones, _any_of(homophones))


def _any_of(words: dict[str, str]) -> re.Pattern[str]:
    """Longest first. A word that begins or ends in a Latin letter must stand alone there: "vx", not "convex"."""
    parts = []
    for word in sorted(words, key=len, reverse=True):
        before = "(?<![a-z])" if word[0].isascii() and word[0].isalpha() else ""
        after = "(?![a-z])" if word[-1].isascii() and word[-1].isalpha() else ""
        parts.append(before + re.escape(word) + after)
    return re.compile("|".join(parts))
