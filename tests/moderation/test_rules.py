"""The rules by table: each fires on its example and leaves its harmless neighbour alone."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.checks.patterns import Group, first_that_fires, rules
from moderation.model.seeds import seeds
from moderation.normalise import read

TABLE = list(csv.DictReader((Path(__file__).parent / "patterns.csv").read_text("utf-8").splitlines()))
GROUPS: tuple[Group, ...] = get_args(Group)


def fired(text: str) -> str:
    reading = read(text)
    return next((rule for group in GROUPS if (rule := first_that_fires(group, reading))), "")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['id']}-{row['category']}")
def test_example_fires_and_neighbour_does_not(row: dict[str, str]) -> None:
    assert fired(row["example"]), row["example"]
    assert not fired(row["harmless"]), (fired(row["harmless"]), row["harmless"])


def test_every_rule_is_known_to_the_table() -> None:
    known = {row["id"] for row in TABLE}
    assert {rule.id for group in GROUPS for rule in rules(group)} == known


@pytest.mark.parametrize(
    "text",
    [
        "加薇 lv2008se",
        "扣扣 七八九六五四三",
        "🐧①②③⑨⑨⑧",
        "v信 h u a n b a o 6 6",
        "葳芯同号 一五八零零零零一二三四",
        "进裙抢洪包，绿色能量",
        "dm me for discount coupons",
        "d m  m e for the l i n k",
        "s3nd money to my paypal, donate now to my account",
        "𝓫𝓾𝔂 𝓷𝓸𝔀 solar kit",
        "Аdd mе on WhatsАpp",
    ],
)
def test_disguised_advertisement_is_found(text: str) -> None:
    assert fired(text)


@pytest.mark.parametrize(
    "text",
    [
        "请问捐款去哪里捐，有官方渠道吗",
        "志愿者群在哪里报名",
        "别加那些人的微信，都是骗子",
        "官方微信公众号叫什么？",
        "微信步数可以捐碳积分吗",
        "see https://www.ipcc.ch/report/ar6/wg1/ for the figures",
        "the years 1850-1900 to 2011-2020 are the baseline",
        "this chart is from 2015 2016 2017 2018",
        "can you message us the slides after the stream?",
        "is there a discount for students at the museum",
        "中国排放量为13800万吨",
        "我月入三千也坚持买菜用布袋",
    ],
)
def test_harmless_mention_passes(text: str) -> None:
    assert not fired(text)


def test_no_harmless_seed_is_held_by_a_rule() -> None:
    wrong = [
        (fired(seed.text), seed.text) for seed in seeds() if seed.label in ("ok", "misinformation") and fired(seed.text)
    ]
    assert not wrong


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_checked(text: str) -> None:
    fired(text)


def test_time_grows_with_length_only() -> None:
    """The worst a sender can do: long runs of what the patterns begin with."""
    for text in ("加" * 200, "扫二维码" * 50, "v" * 200, "1" * 200, "a." * 100, "私信" * 100):
        started = time.perf_counter()
        fired(text)
        assert time.perf_counter() - started < 0.25
