"""Advertisements as advertisers disguise them: made for the training from our own words, never shown to anybody.

Called by `linear_rows.py`. `disguised` puts a text in one to three disguises; `adverts` makes whole ones from
`data/adverts.toml`. Random only by the draw that is handed in: same draw, same texts.
"""

from __future__ import annotations

import json
import string
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal

import msgspec
import opencc

Lang = Literal["zh", "en"]

LONGEST = 200
"""As long as a comment."""


class _Trade(msgspec.Struct, frozen=True):
    name: str
    offers: list[str]


class _Speech(msgspec.Struct, frozen=True):
    openers: list[str]
    contacts: list[str]
    tails: list[str]
    brands: list[str]
    trade: list[_Trade]


@cache
def _speech() -> dict[str, _Speech]:
    text = files("moderation").joinpath("data/adverts.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, _Speech])


def adverts(lang: Lang, count: int, draw: Random) -> Iterator[tuple[str, str]]:
    """(trade, text), every trade as often as its offers are many; about one in two disguised."""
    speech = _speech()[lang]
    offers = [(trade.name, offer) for trade in speech.trade for offer in trade.offers]
    for _ in range(count):
        trade, offer = draw.choice(offers)
        text = _filled(_sentence(speech, lang, offer, draw), speech, draw)
        yield trade, (disguised(text, draw) if draw.random() < 0.5 else text)[:LONGEST]


def _sentence(speech: _Speech, lang: Lang, offer: str, draw: Random) -> str:
    opener, tail = draw.choice(speech.openers), draw.choice(speech.tails)
    contact = draw.choice(speech.contacts)
    if draw.random() < 0.15:
        other = draw.choice(draw.choice(speech.trade).offers)
        offer = f"{offer}，{other}" if lang == "zh" else f"{offer}, {other}"
    if draw.random() < 0.1 and contact:
        return contact + tail
    gap = (
        draw.choice(("", " ", "，", "！", "。", "  ", "➡️", "👉"))
        if lang == "zh"
        else draw.choice((" ", ", ", "! ", " - "))
    )
    parts = (contact, gap, offer) if draw.random() < 0.2 and contact else (offer, gap if contact else "", contact)
    whole = opener + "".join(parts) + tail
    return whole.replace(" ", "") if lang == "zh" and draw.random() < 0.5 else whole


def _filled(text: str, speech: _Speech, draw: Random) -> str:
    def slot(name: str) -> str:
        letters = "".join(draw.choice(string.ascii_lowercase) for _ in range(draw.randint(3, 8)))
        digits = "".join(draw.choice(string.digits) for _ in range(draw.randint(2, 5)))
        match name:
            case "id":
                return letters + draw.choice(("", "_", "")) + draw.choice((digits, ""))
            case "number":
                return str(draw.randint(10_000, 4_000_000_000))
            case "phone":
                return f"{draw.randint(3, 9)}{draw.randint(0, 999_999_999):09d}"
            case "host":
                return (
                    letters + draw.choice(("", digits)) + draw.choice((".com", ".cc", ".top", ".xyz", ".net", ".vip"))
                )
            case "brand":
                return draw.choice(speech.brands)
            case _:
                return str(
                    draw.choice((5, 8, 10, 18, 20, 38, 50, 58, 66, 88, 99, 100, 168, 200, 300, 388, 500, 800, 1000))
                )

    for name in ("id", "number", "phone", "host", "brand", "n"):
        while "{" + name + "}" in text:
            text = text.replace("{" + name + "}", slot(name), 1)
    return text


# ── disguises ────────────────────────────────────────────────────────────────────────────────────


def disguised(text: str, draw: Random) -> str:
    """The text in one to three disguises, one after another."""
    for disguise in draw.sample(_DISGUISES, draw.choice((1, 1, 2, 2, 3))):
        text = disguise(text, draw)
    return text[:LONGEST]


def _sounds(text: str, draw: Random) -> str:
    """Words of contact by others that sound or look like them."""
    for word, many in _tables().homophones.items():
        if word in text and draw.random() < 0.8:
            text = text.replace(word, draw.choice(many))
    return text


def _traditional(text: str, draw: Random) -> str:
    whole = str(_converter().convert(text))
    return (
        "".join(new if draw.random() < 0.7 else old for old, new in zip(text, whole, strict=False))
        if len(whole) == len(text)
        else whole
    )


def _between(marks: str) -> Callable[[str, Random], str]:
    def put(text: str, draw: Random) -> str:
        mark, often = draw.choice(marks), draw.choice((0.25, 0.5, 1.0))
        return "".join(char + mark if draw.random() < often else char for char in text)

    return put


def _emoji(text: str, draw: Random) -> str:
    chosen = [draw.choice("🔥💰❤✅👉🎁🌹⭐🍀🎉💋🐧📱🚀🈵💎🍑🧧") for _ in range(draw.randint(1, 4))]
    for sign in chosen:
        place = draw.randint(0, len(text))
        text = text[:place] + sign + text[place:]
    return text


def _wide(text: str, draw: Random) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and draw.random() < 0.9 else c for c in text)


def _numerals(text: str, draw: Random) -> str:
    table = draw.choice(
        ("〇一二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "⓪①②③④⑤⑥⑦⑧⑨", "０１２３４５６７８９", "oI23456789")
    )
    return "".join(table[int(c)] if c in string.digits else c for c in text)


_ALIKE = {
    "a": "аɑ@",
    "e": "е3",
    "o": "о0ο",
    "p": "р",
    "c": "с",
    "x": "х",
    "y": "у",
    "i": "і1",
    "s": "ѕ$5",
    "v": "ѵ",
    "t": "τ7",
}


def _letters(text: str, draw: Random) -> str:
    return "".join(draw.choice(_ALIKE[c]) if c in _ALIKE and draw.random() < 0.4 else c for c in text)


def _styled(text: str, draw: Random) -> str:
    start = draw.choice((0x1D41A, 0x1D5EE, 0x1D4EA, 0x24D0))
    return "".join(chr(start + ord(c) - 97) if "a" <= c <= "z" else c for c in text.lower())


def _misspelt(text: str, draw: Random) -> str:
    """Characters that look alike or sound alike, one here and there; the reader does not mind."""
    like = _tables().alike
    return "".join(draw.choice(like[c]) if c in like and draw.random() < 0.5 else c for c in text)


def _tail(text: str, draw: Random) -> str:
    letters = "".join(draw.choice(string.ascii_letters + string.digits) for _ in range(draw.randint(2, 7)))
    return f"{text}{draw.choice(('', ' ', '#'))}{letters}"


_DISGUISES: tuple[Callable[[str, Random], str], ...] = (
    _sounds, _sounds, _misspelt, _misspelt, _traditional, _emoji, _emoji,
    _between(" "), _between("\u200b\u200d\u2060"), _between("-.·*_|~丶,、"),
    _wide, _numerals, _letters, _styled, _tail,
)  # fmt: skip


class _Tables(msgspec.Struct):
    homophones: dict[str, list[str]]
    alike: dict[str, str]
    """Character -> those that pass for it."""


@cache
def _tables() -> _Tables:
    raw = files("moderation").joinpath("data/disguises.json").read_bytes()
    return msgspec.convert(json.loads(raw), _Tables)


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("s2t")
