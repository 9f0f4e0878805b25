"""The first decisive check wins; doubt is a hold; no check rejects by itself."""

from __future__ import annotations

import msgspec
import pytest

from moderation.asking import asks
from moderation.checks.words import Words
from moderation.judge import (
    Evidence,
    Heard,
    Verdict,
    judge_as_seller,
    judge_by_letters,
    judge_by_model,
    judge_by_rules,
    judge_idle_talk,
)
from moderation.model.claims import Match, claim_bank
from moderation.normalise import read
from moderation.policy import PRESETS, Unsure, load_policy, preset
from moderation.recent import Recent, Repeats
from streamhub.facts import Reason

POLICY = load_policy()
BANK = claim_bank()
NEAR = Match("m012", 0.97, 0.90, 1.25)
FAR = Match("m012", 0.80, 0.85, 0.42)
HOSTS = Match("m034", 0.97, 0.90, 1.25)
"""A claim whose card only a person attaches."""


def scores(**given: float) -> dict[str, float]:
    rest = 1.0 - sum(given.values())
    return {"ok": rest, "misinformation": 0.0, "promotion": 0.0, "abuse": 0.0, **given}


@pytest.mark.parametrize(
    ("given", "match", "action", "code"),
    [
        ({}, FAR, "publish", ""),
        ({}, NEAR, "publish", ""),
        ({"misinformation": 0.9}, NEAR, "annotate", "claim"),
        ({"misinformation": 0.6}, FAR, "publish", ""),
        ({"misinformation": 0.99}, FAR, "hold", "misinformation"),
        ({"misinformation": 0.9}, HOSTS, "publish", ""),
        ({"misinformation": 0.99}, HOSTS, "hold", "misinformation"),
        ({"abuse": 0.95}, NEAR, "hold", "abuse"),
        ({"promotion": 0.95}, FAR, "hold", "promotion"),
        ({"misinformation": 0.3, "promotion": 0.3, "abuse": 0.35}, FAR, "hold", "unsure"),
    ],
)
def test_what_follows_from_the_model(given: dict[str, float], match: Match, action: str, code: str) -> None:
    fact = judge_by_model(Evidence(scores(**given), [match]), POLICY, BANK).of("1-1", model="m", policy="p")
    assert fact.action == action
    assert [reason.code for reason in fact.reasons] == ([code] if code else [])
    assert (fact.note is not None) == (action == "annotate")
    assert fact.comment == "1-1" and fact.model == "m" and fact.policy == "p" and fact.scores["ok"] <= 1


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("those cups that say compostable, does one go away in the sea?", True),
        ("how come the dinosaurs had more of it and were fine", True),
        ("is it so that the ice grows", True),
        ("火山排的真的比人多吗", True),
        ("是我们这儿这样还是都这样？？", True),
        ("有谁清楚这个", True),
        ("do your own research, it is the sun", False),
        ("warming stopped in 1998. why? they won't say", False),
        ("冰都在变厚了", False),
        ("哪有什么变暖", False),
    ],
)
def test_what_has_the_form_of_a_question_needs_a_surer_model_for_a_card(text: str, asked: bool) -> None:
    assert asks(read(text)) == asked
    for score in (0.87, 0.96):
        evidence = Evidence(scores(misinformation=score), [NEAR])
        fact = judge_by_model(evidence, POLICY, BANK, asks=asked).of("1-1", model="m", policy="p")
        assert fact.action == ("publish" if asked and score < POLICY.claim.question_at else "annotate")


@pytest.mark.parametrize("name", PRESETS)
def test_a_question_had_rather_get_a_card_than_wait(name: str) -> None:
    policy = preset(name)  # type: ignore[arg-type]
    assert policy.claim.misinformation_at <= policy.claim.question_at <= policy.misinformation.hold_at


def test_rules_come_first_and_in_order() -> None:
    ad = read("加微信 abc123 你个傻逼")
    first = judge_by_rules(Heard(ad, Repeats(by_one=3, length=20)), POLICY)
    assert first and first.finding and first.finding.reason.code == "repetition"
    second = judge_by_rules(Heard(ad), POLICY)
    assert second and second.finding and second.finding.reason.code == "contact"
    assert judge_by_rules(Heard(read("今天的海龟真好看")), POLICY) is None


def repeats(*said: tuple[int, str, str]) -> Repeats:
    """The last of (ms, viewer, text) as counted after the others."""
    recent = Recent()
    ids = [f"{at}-{i}" for i, (at, _, _) in enumerate(said)]
    for entry_id, (_, viewer, text) in zip(ids, said, strict=True):
        recent.note(entry_id, viewer, read(text))
    _, viewer, text = said[-1]
    return recent.repeats(ids[-1], viewer, read(text), POLICY.repetition.window_seconds * 1000)


def held(text: str, counted: Repeats) -> bool:
    verdict = judge_by_rules(Heard(read(text), counted), POLICY)
    return verdict is not None and verdict.finding is not None and verdict.finding.reason.code == "repetition"


LONG = "大家都去隔壁看另一个节目"


def test_one_person_repeating_is_held_at_the_third() -> None:
    assert not held(LONG, repeats((1000, "a", LONG), (2000, "a", LONG)))
    assert held(LONG, repeats((1000, "a", LONG), (2000, "a", LONG + "!!"), (3000, "a", "大家 都去隔壁看另一个节目 77")))
    assert not held(LONG, repeats((1000, "a", LONG), (2000, "a", LONG), (30_000, "a", LONG)))


def test_many_at_once_are_a_raid_only_with_a_long_text() -> None:
    assert held(LONG, repeats(*((1000 + i, f"v{i}", LONG) for i in range(6))))
    assert not held("四十二", repeats(*((1000 + i, f"v{i}", "四十二") for i in range(40))))


@pytest.mark.parametrize(
    "cheer", ["加油加油", "666", "哈哈哈哈", "hhhhhhh", "加油老师", "❤️❤️❤️", "wow", "thank you!!", "晚上好"]
)
def test_applause_is_never_punished(cheer: str) -> None:
    assert not held(cheer, repeats(*((1000 + i, f"v{i % 2}", cheer) for i in range(50))))


def test_telling_twice_counts_once() -> None:
    recent = Recent()
    for _ in range(5):
        recent.note("1000-0", "a", read(LONG))
    assert recent.repeats("1000-0", "a", read(LONG), 8000).by_one == 1


def test_what_came_later_does_not_count() -> None:
    recent = Recent()
    for i in range(5):
        recent.note(f"{1000 + i}-0", "a", read(LONG))
    assert recent.repeats("1001-0", "a", read(LONG), 8000).by_one == 2


NEAR_SAME = [
    "隔壁直播间正在发红包大家快去看看吧",
    "隔壁直播间正在发红包，大家快点去看吧！",
    "隔壁直播间正在发红包 大家快去看一看吧~",
    "隔壁的直播间正在发红包大家快去看看吧 88",
    "隔壁直播间正在狂发红包大家快去看看吧",
    "隔壁直播间正在发红包大家快去看看吧吧",
]


def test_near_same_texts_of_many_are_one_raid() -> None:
    assert held(NEAR_SAME[-1], repeats(*((1000 + i, f"v{i}", text) for i, text in enumerate(NEAR_SAME))))


def test_people_who_agree_in_their_own_words_are_no_raid() -> None:
    said = ["珊瑚白化是因为海水太热了", "海水变热以后珊瑚就白化了", "主要是水温升高导致的白化"]
    said += ["白化不等于死亡可以恢复", "我觉得是海洋热浪造成的", "虫黄藻离开之后珊瑚变白"]
    assert not held(said[-1], repeats(*((1000 + i, f"v{i}", text) for i, text in enumerate(said))))


def test_what_is_forgotten_leaves_nothing_behind() -> None:
    recent = Recent()
    for i in range(400):
        recent.note(f"{1000 + i * 2000}-0", f"v{i}", read(f"一句足够长的话用来测试内存第{i}句到此为止"))
    assert len(recent._said) <= 61 and len(recent._like) <= 61
    assert sum(map(len, recent._places.values())) <= 61 * 4


@pytest.mark.parametrize(
    ("harms", "action", "code"),
    [
        ({"misinformation": 0.0, "promotion": 0.99, "abuse": 0.0}, "hold", "promotion"),
        ({"misinformation": 0.0, "promotion": 0.0, "abuse": 0.995}, "hold", "abuse"),
        ({"misinformation": 0.001, "promotion": 0.002, "abuse": 0.001}, "publish", ""),
    ],
)
def test_letters_decide_where_they_are_sure(harms: dict[str, float], action: str, code: str) -> None:
    verdict = judge_by_letters(harms, POLICY)
    assert verdict is not None and verdict.action == action
    assert (verdict.finding.reason.code if verdict.finding else "") == code


def test_letters_leave_the_rest_to_the_encoder() -> None:
    assert judge_by_letters({"misinformation": 0.3, "promotion": 0.2, "abuse": 0.1}, POLICY) is None


IDLE = POLICY.idle


@pytest.mark.parametrize(
    ("misinformation", "promotion", "abuse", "topic", "asked"),
    [
        (IDLE.misinformation, IDLE.harm, IDLE.harm, IDLE.topic, False),
        (IDLE.misinformation + 0.01, 0.0, 0.0, 0.0, True),
        (0.0, IDLE.harm + 0.01, 0.0, 0.0, True),
        (0.0, 0.0, IDLE.harm + 0.01, 0.0, True),
        (0.0, 0.0, 0.0, IDLE.topic + 0.01, True),
    ],
)
def test_talk_about_nothing_in_the_bank_is_published_unasked(
    misinformation: float, promotion: float, abuse: float, topic: float, asked: bool
) -> None:
    harms = {"misinformation": misinformation, "promotion": promotion, "abuse": abuse}
    verdict = judge_idle_talk(harms, topic, POLICY)
    assert (verdict is None) == asked
    assert verdict is None or (verdict.action == "publish" and not verdict.provisional)


def test_a_newcomer_is_held_a_little_earlier() -> None:
    between = POLICY.promotion.hold_at - POLICY.newcomer.stricter_by / 2
    evidence = Evidence(scores(promotion=between), [FAR])
    strict = judge_by_model(evidence, msgspec.structs.replace(POLICY, unsure=Unsure(doubt_at=1.0)), BANK, newcomer=True)
    known = judge_by_model(evidence, msgspec.structs.replace(POLICY, unsure=Unsure(doubt_at=1.0)), BANK)
    assert (strict.action, known.action) == ("hold", "publish")


def test_green_claims_are_asked_for_evidence_of_hosts_only() -> None:
    reading = read("我们的产品百分百环保无害")
    hosting = judge_by_rules(Heard(reading, hosting=True), POLICY)
    assert hosting and hosting.action == "annotate" and hosting.finding and hosting.finding.note
    assert judge_by_rules(Heard(reading), POLICY) is None


def test_who_counts_does_not_repeat() -> None:
    said = [f"what lives at {i} metres down there" for i in range(12)]
    assert not held(said[-1], repeats(*((1000 + i, f"v{i % 3}", text) for i, text in enumerate(said))))


def test_a_listed_word_is_named_and_the_nearest_claims_where_something_was_found() -> None:
    held = judge_by_rules(Heard(read("我支持拆 坝")), POLICY, Words(hold=["拆坝", "别的"]))
    assert held and held.finding and held.finding.reason == Reason(code="unsure", rule="word", word="拆坝")
    near = [Match("m003", 0.9, 0.2, 1.0), Match("m002", 0.61, 0.4, 0.85), Match("m001", 0.6, 0.4, 0.7)]
    advert = judge_by_model(Evidence(scores(promotion=0.9), near), POLICY, BANK).of("1-0", model="m", policy="p")
    assert [(claim.claim, claim.similarity) for claim in advert.claims] == [("m003", 0.9), ("m002", 0.61)]
    harmless = judge_by_model(Evidence(scores(ok=0.97), near), POLICY, BANK).of("1-0", model="m", policy="p")
    assert (harmless.action, harmless.claims) == ("publish", ())


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("我们家的产品百分百环保", "annotate"),
        ("本店包装全部可降解", "annotate"),
        ("our bottles are eco-friendly", "annotate"),
        ("我们家的产品百分百环保吗？", "publish"),
        ("这条河绝对环保", "publish"),
        ("is our packaging biodegradable?", "publish"),
        ("我们的店今天开门", "publish"),
    ],
)
def test_who_sells_is_asked_for_evidence_too_where_nothing_else_was_found(text: str, action: str) -> None:
    heard, published = Heard(read(text)), Verdict(provisional=True)
    verdict = judge_as_seller(published, heard, POLICY)
    assert (verdict.action, verdict.provisional) == (action, True)
    held = judge_by_model(Evidence(scores(promotion=0.9)), POLICY, BANK)
    assert judge_as_seller(held, heard, POLICY) is held
