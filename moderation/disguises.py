"""The tables of disguise: which sign, letter or word stands for which. Their words are in `data/disguises.json`.

Called by `normalise.py` only. Words are found with Aho-Corasick, so the time grows with the text and not
with the number of words; everything here is a table or a table look-up.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import msgspec
from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

# ── letters ──────────────────────────────────────────────────────────────────────────────────────

BLANK = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " ")
"""Letters that show nothing."""

LOOKALIKE = str.maketrans(
    "АВСЕНІЈКМОРЅТХУҮԌԜаеосрхуіјѕԁɡһԛԝѵʏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχϲϳվօսոհɩƖլⲟⲣ",
    "ABCEHIJKMOPSTXYYGWaeocpxyijsdghqwvyABEZHIKMNOPTYXaikvoptuxcjuounhiIlop",
)
"""Letters of other scripts that look Latin; read as Latin only in words that also have Latin letters."""

_CHEROKEE = dict(zip("ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ", "ABCDEGHiJKLMPRSTVWZ", strict=True))
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢɑıꞮ", "abcdefghijklmnoprstuvwzaiI", strict=True))

ENCLOSED: dict[int, str] = {
    **{ord(shown): letter for shown, letter in (_CHEROKEE | _SMALL_CAPITALS).items()},
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
"""Letters and digits that NFKC leaves alone: in black circles and squares (🅥 🆅 ❶), small capitals, Cherokee."""

# ── numerals ─────────────────────────────────────────────────────────────────────────────────────

NUMERALS = "零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两"
NUMERAL_VALUES = str.maketrans(NUMERALS, "0012345678912345678912")

_HEARD = {
    "0": "洞伶灵玲凌",
    "1": "妖腰依衣医",
    "2": "尔而俩",
    "3": "伞散仨",
    "4": "司寺肆",
    "5": "屋舞武捂",
    "6": "溜留刘",
    "7": "漆期骑奇拐",
    "8": "吧爸扒",
    "9": "酒久勾韭",
}
HEARD_NUMERALS = "".join(_HEARD.values())
HEARD_VALUES = str.maketrans({char: digit for digit, chars in _HEARD.items() for char in chars})
"""Characters that sound like a numeral; read so only among as many real ones."""

# ── leetspeak ────────────────────────────────────────────────────────────────────────────────────

LEET = str.maketrans("01345789@$!|€+", "oieastbgasilet")
LEET_L = str.maketrans("01345789@$!|€+", "oleastbgasllet")


# ── words ────────────────────────────────────────────────────────────────────────────────────────


class _Words(msgspec.Struct):
    signs: dict[str, str]
    homophones: dict[str, list[str]]
    leet: list[str]


class Swap:
    """Replaces every word of a table, the longest first from the left.

    A word that begins or ends in a Latin letter must stand alone there: "vx", not "convex"."""

    def __init__(self, table: dict[str, str]) -> None:
        self._words = list(table)
        self._instead = list(table.values())
        self._alone = [
            (_is_latin(word[0]), _is_latin(word[-1])) for word in self._words
        ]  # whether a letter may not stand before, behind
        self._find = AhoCorasick(
            self._words, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA, store_patterns=False
        ).find_matches_as_indexes

    def __call__(self, text: str) -> str:
        found = self._find(text)
        if not found:
            return text
        parts, done = [], 0
        for which, start, end in found:
            before, behind = self._alone[which]
            if (before and start and _is_latin(text[start - 1])) or (
                behind and end < len(text) and _is_latin(text[end])
            ):
                continue
            parts += [text[done:start], self._instead[which]]
            done = end
        parts.append(text[done:])
        return "".join(parts)


def _is_latin(char: str) -> bool:
    return "a" <= char <= "z"


@cache
def _words() -> _Words:
    raw = files("moderation").joinpath("data/disguises.json").read_bytes()
    return msgspec.convert(json.loads(raw), _Words)


@cache
def signs() -> Swap:
    return Swap(_words().signs)


@cache
def homophones() -> Swap:
    return Swap({heard: word for word, many in _words().homophones.items() for heard in many})


@cache
def leet_words() -> frozenset[str]:
    """What leetspeak is read back into; anything else with digits (co2, h2o, gpt4, m3) stays as it is."""
    return frozenset(_words().leet)
