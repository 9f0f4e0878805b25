"""Every rule and every claim has its words for moderators, in both languages, and nothing else has."""

from __future__ import annotations

import pytest

from moderation.checks.patterns import all_rules
from moderation.claim_kinds import claim_kinds
from moderation.model.claims import claim_bank
from web import review_words
from web.render import message


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_rule_has_a_name(language: str) -> None:
    named = review_words.rules(message(language), language)
    ids = {rule.id for rule in all_rules()}
    assert ids <= named.keys() and all(named[name] for name in ids)
    assert {name for name in named if name[1:].isdecimal()} == ids


def test_names_are_in_the_readers_language() -> None:
    chinese, english = (review_words.rules(message(name), name) for name in ("zh_CN", "en"))
    assert (chinese["p022"], english["p022"]) == ("代刷步数、能量", "steps, energy or points for money")
    assert chinese["head"] == "由模型判断"


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_claim_has_its_kind(language: str) -> None:
    kinds = review_words.kinds(message(language))
    assert kinds.keys() == claim_bank().keys()
    assert all(kinds.values())


def test_a_kind_says_code_and_fallacy() -> None:
    assert review_words.kinds(message("en"))["m003"] == "It is not happening (CARDS 1.3) · one story for all"
    assert review_words.kinds(message("zh_CN"))["m003"] == "否认正在发生 (CARDS 1.3) · 以个例代全体"


def test_codes_are_of_the_taxonomy() -> None:
    parts = [[int(part) for part in kind.cards.split(".")] for kind in claim_kinds().values() if kind.cards]
    assert len(parts) > 45 and all(1 <= part[0] <= 5 and len(part) <= 3 for part in parts)
