"""The rules by table: each fires on its example and leaves its harmless neighbour alone."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.checks.patterns import GROUPS, all_rules, rulebook
from moderation.checks.words import Words
from moderation.model.seeds import seeds
from moderation.normalise import read

TABLE = list(csv.DictReader((Path(__file__).parent / "patterns.csv").read_text("utf-8").splitlines()))


def fired(text: str) -> str:
    """The first rule of what holds a viewer's comment."""
    found = rulebook().fired(read(text))
    return next((found[group] for group in GROUPS if group in found and group != "evidence"), "")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['id']}-{row['category']}")
def test_example_fires_and_neighbour_does_not(row: dict[str, str]) -> None:
    example, harmless = (rulebook().fired(read(row[part])) for part in ("example", "harmless"))
    assert ("evidence" in example) if row["category"] == "evidence" else fired(row["example"]), row["example"]
    assert not harmless, (harmless, row["harmless"])


def test_every_rule_is_known_to_the_table() -> None:
    known = {row["id"] for row in TABLE}
    assert {rule.id for rule in all_rules()} == known


@pytest.mark.parametrize(
    "text",
    [
        "加薇 lv2008se",
        "带刷🚶步数两万起",
        "dai唰能量 私",
        "想要卫❤：coral520",
        "加威 xin：haiyang77",
        "加νx：abc12345",
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


@pytest.mark.parametrize("text", ["全网最绿色的直播间", "最环保的酒店就在这里", "the greenest hotel in town"])
def test_superlatives_of_hosts_are_asked_for_evidence(text: str) -> None:
    assert "evidence" in rulebook().fired(read(text))


@pytest.mark.parametrize(
    "text",
    [
        "代刷步数太不公平了，应该取消成绩",
        "请大家举报代刷能量的",
        "大堡礁是全球最大的珊瑚礁",
        "走路是最环保的选择",
        "自带刷子来清理海滩",
        "walking is the greenest way to come",
    ],
)
def test_who_complains_of_boosting_or_compares_is_left_alone(text: str) -> None:
    assert not rulebook().fired(read(text))


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


def test_hardly_a_harmless_seed_is_held_by_a_rule() -> None:
    """Many were written to look like what the rules hold: one in two hundred at most."""
    harmless = [seed for seed in seeds() if seed.label in ("ok", "misinformation")]
    wrong = [(fired(seed.text), seed.text) for seed in harmless if fired(seed.text)]
    assert len(wrong) <= len(harmless) / 200, wrong


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


def test_the_filter_finds_what_each_pattern_finds_alone() -> None:
    for text in [*(seed.text for seed in seeds()[:400]), *(row["example"] for row in TABLE)]:
        reading = read(text)
        alone = {
            rule.id
            for rule in all_rules()
            if rule.match.search(getattr(reading, rule.form)) and rule.holds(getattr(reading, rule.form))
        }
        assert set(rulebook().fired(reading).values()) <= alone
        assert bool(rulebook().fired(reading)) == bool(alone), text


def clear(text: str, words: Words) -> str:
    found = rulebook().fired(read(text), words.clear)
    return next((found[group] for group in GROUPS if group in found), "")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("please donate at https://reef.com/donate", ["reef.com"]),
        ("our page: www.give.reef.com/help", ["reef.com"]),
        ("关注微信公众号加微信 greenreef01", ["微信公众号", "加微信 greenreef01", "greenreef01", "加微信"]),
        ("donate now: https://reef.com/donate/2026", ["https://www.reef.com/donate"]),
    ],
)
def test_what_the_hosts_allow_counts_against_nobody(text: str, allowed: list[str]) -> None:
    assert fired(text)
    assert not clear(text, Words(allowed))


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("https://reef.com.evil.com/donate", ["reef.com"]),
        ("https://myreef.com/donate", ["reef.com"]),
        ("https://reef.com/shop", ["reef.com/donate"]),
        ("reef.com 加我微信 abc12345", ["reef.com"]),
    ],
)
def test_what_only_begins_like_it_is_not_allowed(text: str, allowed: list[str]) -> None:
    assert clear(text, Words(allowed))


def test_words_that_hosts_hold_are_found_in_disguise_and_only_whole() -> None:
    words = Words(hold=["大坝", "dam"])
    assert words.held(read("那个 大 壩 要拆了")) and words.held(read("the DAM!"))
    assert not words.held(read("a damned shame")) and not words.held(read("大家坝上草原见"))


@given(st.lists(st.text(max_size=12), max_size=6), st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_words_can_be_listed(listed: list[str], text: str) -> None:
    words = Words(listed, listed)
    words.held(read(text))
    rulebook().fired(read(text), words.clear)
