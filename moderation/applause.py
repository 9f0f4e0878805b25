"""What a crowd calls out together (加油, 666, hhh): what counts as applause, and which calls are alike.

`checks/flooding.py` never holds it; `judge.py` marks a verdict with `applause`, by which every page shows alike
calls of many as one line with a count. So no browser needs a list of words. Pure; linear in the text's length.
"""

from __future__ import annotations

import re

from moderation.normalise import Reading, is_brief

LONGEST_CALL = 24
"""Characters of a call after its repeats are cut: who writes more says something of their own."""

LONGEST_UNIT = 12
"""Characters of what is said again and again in one comment (加油加油加油)."""


def is_applause(reading: Reading) -> bool:
    """What crowds shout is never a flood: cheers, greetings, laughter, numbers like 666, signs and emoji alone."""
    return is_brief(reading) or len(_APPLAUSE.sub("", reading.squeezed)) <= 2


def applause(reading: Reading) -> str:
    """The call, the same for alike ones (加油！！, 加油加油; 666, 66666; hhh, 哈哈哈); "" where it is none.

    A mark to compare, not to show: repeated letters are cut. It holds words of our own list and signs alone, so that
    a verdict keeps nothing of a text that is erased; and other numbers than those, which are answers, stay apart."""
    text = reading.squeezed
    if not any(letter.isalnum() for letter in reading.plain):
        text = "".join(reading.plain.split())
    elif not (_is_listed(text) or _is_listed(_REPEATED.sub(r"\1", text))):
        return ""
    for pattern, call in _FAMILIES:
        text = pattern.sub(call, text)
    text = _unit(_REPEATED.sub(r"\1", text))
    return text if len(text) <= LONGEST_CALL else ""


def _is_listed(text: str) -> bool:
    return not _FILLING.sub("", _APPLAUSE.sub("", text))


def _unit(text: str) -> str:
    """加油加油加 -> 加油: the shortest beginning that, said again and again, gives the whole."""
    for size in range(1, min(LONGEST_UNIT, len(text) // 2) + 1):
        if all(text[at] == text[at - size] for at in range(size, len(text))):
            return text[:size] if not text.isdigit() else text
    return text


_FILLING = re.compile("[太好真很了呀吧呢啦耶的们]+")
"""What may stand between: 太厉害了, 大家们好."""

_REPEATED = re.compile(r"([^0-9])\1+")

_FAMILIES = (
    (re.compile(r"6{2,}"), "666"),
    (re.compile(r"(?<![0-9])23{2,}(?![0-9])"), "233"),
    (re.compile(r"(?<![0-9])8{2,}(?![0-9])"), "88"),
    (re.compile(r"哈{2,}|(?<![a-z])(?:h{2,}|(?:ha){2,}h?)(?![a-z])"), "哈"),
)
"""Calls that are written in many lengths or ways. Other numbers are left alone: 100 and 1000 are two answers."""

_APPLAUSE = re.compile(
    "加油|支持|鼓掌|泪目|点赞|打卡|来了|前排|厉害|好耶|晚上好|早上好|你好|谢谢|感谢|老师|主播|主持人|专家|大家|辛苦了?|太美了?"
    "|好美|好看|漂亮|爱了|学到了|收到|晚安|恭喜|生日快乐|新年快乐|[哈嘿呵嘻啊哇呜牛赞棒冲6823哦]+|好的|可爱|太棒了?"
    "|bravo|wow|ha(ha)+|lol+|hello|hi+|yes+|no+|thanks|thank(you)?|cool|nice|love|amazing|awsl|yyds|good(night|job)?|h+|w+|go+|great|omg|bye|the|it|this|so|u|you|clap"
)
