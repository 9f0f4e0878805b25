"""The text as a reader sees it: what disguises a word from a program but not from a person is undone.

Called by `judge.py` for every comment, and by the training. Pure; safe on any Unicode; linear in the
text's length, which is bounded first. Stable: reading the plain form again gives the same reading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

import msgspec
import opencc

from moderation.disguises import (
    BLANK,
    ENCLOSED,
    HEARD_NUMERALS,
    HEARD_VALUES,
    LEET,
    LEET_L,
    LOOKALIKE,
    NUMERAL_VALUES,
    NUMERALS,
    homophones,
    leet_words,
    signs,
)

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
    text = text[:LONGEST]
    easy = _EASY.fullmatch(text) is not None
    plain = _easy_plain(text) if easy else _until_stable(_plain, text)
    folded = _fold_easily(plain) if _EASY.fullmatch(plain) else _until_stable(_fold, plain)
    return Reading(plain, folded, _until_stable(_squeeze, folded))


def _until_stable(step: Callable[[str], str], text: str) -> str:
    for _ in range(_PASSES):
        new = step(text)[:LONGEST]
        if new == text:
            break
        text = new
    return text


_EASY = re.compile(r"[ -~\u4e00-\u9fff，。！？、：；（）“”‘’…—《》～【】]*")
"""What most comments are made of: of this only width, spaces and traditional characters need a look."""

# ── plain ────────────────────────────────────────────────────────────────────────────────────────

_WORD = re.compile(r"[^\W\d_\u3400-\u9fff]+")
_LATIN = re.compile(r"[A-Za-z]")
_MARKS = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f])+")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_INVISIBLE = frozenset(("Cf", "Cs", "Co", "Cn"))
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def _easy_plain(text: str) -> str:
    wide = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _until_stable(_simplified, " ".join(wide.split()))


def _plain(text: str) -> str:
    shown = _shown(text.translate(ENCLOSED).translate(BLANK))
    composed = unicodedata.normalize("NFKC", _MARKS.sub("", unicodedata.normalize("NFKC", shown)))
    return _SPACE.sub(" ", _simplified(_latin(composed))).strip()


def _shown(text: str) -> str:
    """Without characters that show nothing (format, half, private, unassigned) and variation selectors."""
    text = _SELECTORS.sub("", text)
    if text.isprintable():
        return text
    return "".join(c for c in text if c < "\x7f" or unicodedata.category(c) not in _INVISIBLE)


def _latin(text: str) -> str:
    return text if text.isascii() else _WORD.sub(_as_latin, text)


def _as_latin(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(LOOKALIKE) if not word.isascii() and _LATIN.search(word) else word


def _simplified(text: str) -> str:
    return str(_converter().convert(text)) if _HAN.search(text) else text


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


# ── folded ───────────────────────────────────────────────────────────────────────────────────────


def _fold_easily(plain: str) -> str:
    lower = plain.lower()
    return _until_stable(_spelled, lower) if _LATIN.search(lower) else lower


def _fold(text: str) -> str:
    lower = _latin(unicodedata.normalize("NFKC", signs()(text).lower()))
    return _spelled(_SPACE.sub(" ", _ACCENTED.sub(_bare, lower)))


def _spelled(lower: str) -> str:
    """Letters that stand alone joined, leetspeak read back."""
    joined = _SPACED.sub(lambda found: found[0].replace(" ", ""), lower)
    return _LEET_TOKEN.sub(_unleet, _DIGIT_LETTERS.sub(_as_letters, joined)).strip()


_ACCENTED = re.compile("[\u00e0-\u00f6\u00f8-\u024f\u1e00-\u1eff]")


def _bare(found: re.Match[str]) -> str:
    first = unicodedata.normalize("NFD", found[0])[0]
    return {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t"}.get(first, first)


_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z] ){2,}[a-z](?![a-z0-9])")
"""d m  m e: three letters or more, each alone."""

_DIGIT_LETTERS = re.compile(r"(?<![a-z0-9])[a-z]+(?:[01345][a-z]+){1,2}(?![a-z0-9])")
"""inb0x, s3nd: a digit between letters of one word. Formulas (co2, h2o) and ids that end in digits stay."""

_SHAPES = str.maketrans("01345", "oieas")


def _as_letters(found: re.Match[str]) -> str:
    return found[0].translate(_SHAPES) if len(found[0]) <= 12 else found[0]


_LEET_TOKEN = re.compile(r"(?<![a-z0-9.])[a-z0-9@$!|€+]{3,12}(?![a-z0-9.])")


def _unleet(found: re.Match[str]) -> str:
    """c@sh, fr33, $ell, cl1ck: only where a word of the list comes out."""
    token = found[0]
    if token.isalpha() or token.isdigit():
        return token
    bare = token.rstrip("!+")
    for shapes in (LEET, LEET_L):
        if (word := token.translate(shapes)) in leet_words() or (word := bare.translate(shapes)) in leet_words():
            return word
    return token


# ── squeezed ─────────────────────────────────────────────────────────────────────────────────────

_NUMERAL_RUN = re.compile(f"[{NUMERALS}{HEARD_NUMERALS}0-9]{{5,}}")
"""Numerals are read as digits only in runs as long as an account's number: 三八妇女节 stays words."""

_HEARD_RUN = 6
"""Runs with characters that only sound like numerals must be longer, and half of it real ones."""

_DIGITS = frozenset("0123456789") | frozenset(NUMERALS)
_ALL_REAL = re.compile(f"[{NUMERALS}0-9]{{5,}}")
_SHAPED_DIGITS = re.compile(r"(?<![a-z0-9])[0-9oil]{7,}(?![a-z0-9])")
_DIGIT_SHAPES = str.maketrans("oil", "011")
_DROPPED = re.compile(r"[^\w+%@]|_")
_RUN = re.compile(r"([^0-9])\1{3,}")
_RUN_ANY = re.compile(r"(.)\1+")


def _squeeze(text: str) -> str:
    joined = _latin(_DROPPED.sub("", homophones()(text)))
    digits = _NUMERAL_RUN.sub(_as_digits, joined)
    return _RUN.sub(r"\1\1", _SHAPED_DIGITS.sub(_as_number, digits))


def _as_digits(found: re.Match[str]) -> str:
    run = found[0]
    if run.isascii():
        return run
    real = sum(char in _DIGITS for char in run)
    if real < len(run) and (len(run) < _HEARD_RUN or real * 2 < len(run)):
        return _ALL_REAL.sub(lambda part: part[0].translate(NUMERAL_VALUES), run)
    return run.translate(NUMERAL_VALUES).translate(HEARD_VALUES)


def _as_number(found: re.Match[str]) -> str:
    run = found[0]
    return run.translate(_DIGIT_SHAPES) if sum(char.isdigit() for char in run) >= 5 else run


def is_brief(reading: Reading) -> bool:
    """Too short to claim anything (哈哈哈, 666, wow): at most 2 Chinese characters or 4 letters, repeats cut."""
    letters = _RUN_ANY.sub(r"\1", reading.squeezed)
    return len(letters) <= (2 if _HAN.search(letters) else 4)
