"""The claim bank is whole: both languages, a source that can be opened, nothing we must not ship."""

from __future__ import annotations

import subprocess
import sys

from moderation.model.claims import claim_bank, forms
from moderation.model.seeds import seeds
from streamhub.facts import Note


def test_every_claim_has_its_source_in_both_languages() -> None:
    bank = claim_bank()
    assert len(bank) > 60
    for claim in bank.values():
        assert claim.claim_zh and claim.claim_en and claim.fact_zh and claim.fact_en, claim.id
        assert claim.source and claim.url.startswith(("https://", "http://")), claim.id
        assert claim.by in ("", "host"), claim.id
        note = claim.note()
        assert isinstance(note, Note) and note.claim == claim.id and note.url == claim.url


def test_political_and_contested_claims_are_recognised_and_left_to_people() -> None:
    bank = claim_bank()
    left = {claim.id for claim in bank.values() if claim.by == "host"}
    assert left == {"m021", "m034", "m040", "m056", "m060", "m061", "m066", "m067"}
    assert set(forms().claims) == set(bank)


def test_what_rests_on_a_rumour_list_says_so() -> None:
    for name in ("m044", "m045", "m055", "m058", "m072", "m073", "m074", "m076"):
        claim = claim_bank()[name]
        assert "rumour" in claim.fact_en and "谣言" in claim.fact_zh


def test_every_matched_claim_has_both_sides() -> None:
    found = forms()
    for claim in set(found.claims):
        sides = {asserts for name, asserts in zip(found.claims, found.asserts, strict=True) if name == claim}
        assert sides == {True, False}, claim


def test_seeds_are_ours_and_many() -> None:
    every = seeds()
    assert len(every) > 1000 and len({seed.text for seed in every}) == len(every)
    assert {seed.myth for seed in every if seed.myth} <= set(claim_bank())


def test_bank_can_be_shown_without_loading_a_model() -> None:
    code = (
        "import sys; from moderation.model.claims import claim_bank; claim_bank()\n"
        "print({'torch', 'transformers', 'sklearn'} & set(sys.modules) == set())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"
