"""Which calls of a crowd are alike, and that a mark of applause holds nothing that a person said of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.applause import LONGEST_CALL, applause, is_applause
from moderation.normalise import read

ALIKE = [
    ("加油", "加油！！！", "加油~~", "加油加油", "加 油 加 油", "加油👏", "加油油油"),
    ("666", "66666", "66", "６６６"),
    ("哈哈哈哈", "hhh", "HHHHHH", "hahaha", "hahahah", "哈哈！"),
    ("👏", "👏👏👏", "👏 👏"),
    ("❤️❤️", "❤"),
    ("wow", "WOOOOW", "wow!!"),
    ("好美啊", "好美啊啊啊啊"),
    ("謝謝老師", "谢谢老师"),
]


@pytest.mark.parametrize("calls", ALIKE, ids=lambda calls: calls[0])
def test_alike_calls_have_one_mark(calls: tuple[str, ...]) -> None:
    marks = {applause(read(call)) for call in calls}
    assert len(marks) == 1
    assert marks != {""}


def test_different_calls_have_different_marks() -> None:
    marks = [applause(read(calls[0])) for calls in ALIKE] + [applause(read(call)) for call in ("233", "6", "yes", "no")]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize(
    "said",
    ["100", "1000", "43", "张三", "张三加油", "第88个", "假的", "why", "海豚来了", "好看的珊瑚在哪里", "fake", ""],
)
def test_answers_names_and_sentences_have_none(said: str) -> None:
    assert applause(read(said)) == ""


@given(st.text(max_size=200))
def test_any_text_has_a_short_mark_or_none_and_the_same_each_time(said: str) -> None:
    mark = applause(read(said))
    assert len(mark) <= LONGEST_CALL
    assert mark == applause(read(said))
    assert not mark or is_applause(read(said)) or not any(letter.isalnum() for letter in read(said).plain)
