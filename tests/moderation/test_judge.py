"""The first decisive check wins; doubt is a hold; no check rejects by itself."""

from __future__ import annotations

import pytest

from moderation.judge import Evidence, judge_by_model, judge_by_rules
from moderation.model.claims import Match, claim_bank
from moderation.normalise import read
from moderation.policy import load_policy
from moderation.recent import Recent, Repeats

POLICY = load_policy()
BANK = claim_bank()
NEAR = Match("m012", 0.97, 0.90, 1.25)
FAR = Match("m012", 0.80, 0.85, 0.82)


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


def test_rules_come_first_and_in_order() -> None:
    ad = read("加微信 abc123 你个傻逼")
    first = judge_by_rules(ad, Repeats(by_one=3, length=20), POLICY)
    assert first and first.finding and first.finding.reason.code == "repetition"
    second = judge_by_rules(ad, Repeats(), POLICY)
    assert second and second.finding and second.finding.reason.code == "contact"
    assert judge_by_rules(read("今天的海龟真好看"), Repeats(), POLICY) is None


def repeats(*said: tuple[int, str, str]) -> Repeats:
    """The last of (ms, viewer, text) as counted after the others."""
    recent = Recent()
    ids = [f"{at}-{i}" for i, (at, _, _) in enumerate(said)]
    for entry_id, (_, viewer, text) in zip(ids, said, strict=True):
        recent.note(entry_id, viewer, read(text))
    _, viewer, text = said[-1]
    return recent.repeats(ids[-1], viewer, read(text), POLICY.repetition.window_seconds * 1000)


def held(text: str, counted: Repeats) -> bool:
    verdict = judge_by_rules(read(text), counted, POLICY)
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
