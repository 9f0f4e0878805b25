"""What moderators are shown beside a comment: how the checks read it, where that is not what stands there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.as_read import as_read
from moderation.normalise import LONGEST


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("姐妹们加薇 abc一二三四五", "姐妹们加薇abc12345"),
        ("ＶＸ：dive_ok99", "微信diveok99"),
        ("\u200b加\u200b油", "加油"),
        ("加V①②③④⑤⑥", "加V123456"),
        ("free c@sh now", "free cash now"),
        ("Аdd mе", "Add me"),
        ("請問老師", "请问老师"),
    ],
)
def test_a_disguise_comes_off(text: str, shown: str) -> None:
    assert as_read(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "哈哈哈哈 太美了！！",
        "Hello  World",
        "水温26.5度，真暖",
        "２０２４年",
        "d m  m e",
        "加油加油加油",
        "pm2.5 is no h2o",
    ],
)
def test_what_nobody_is_misled_by_stands_as_typed(text: str) -> None:
    assert as_read(text) == text


@given(st.text(max_size=200))
def test_any_text_can_be_shown(text: str) -> None:
    assert len(as_read(text)) <= LONGEST
