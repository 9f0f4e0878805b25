"""How a broadcast is moderated: the preset, its own claims and words, consent to training, and who changed what.

Read by the moderation worker (what to judge by) and the desk (what to show). The latest fact counts.
"""

from __future__ import annotations

from streamhub.facts import (
    ClaimAdded,
    ClaimWithdrawn,
    HousePolicyChanged,
    PolicyChosen,
    Preset,
    TrainingConsented,
    WordEffect,
    WordListed,
    WordUnlisted,
)
from streamhub.state.projection import Entry, Projected

Change = PolicyChosen | HousePolicyChanged | ClaimAdded | ClaimWithdrawn | WordListed | WordUnlisted | TrainingConsented

CHANGES_KEPT = 200
"""The latest changes are kept for the page; all of them are in the log."""


class Policy(Projected):
    """`claims` by id and `words` as they stand; `changes` by entry id, oldest first; `changed`: the latest one."""

    preset: Preset = "default"
    house: str = ""
    """The policy of the house that was noted last: name and hash; "" before there was any file of its own."""
    claims: dict[str, ClaimAdded] = {}
    words: dict[str, WordEffect] = {}
    training: bool = False
    changes: dict[str, Change] = {}
    changed: str = ""


def evolve(state: Policy, entry: Entry) -> None:
    match entry.fact:
        case PolicyChosen() as fact:
            state.preset = fact.preset
        case HousePolicyChanged() as fact:
            state.house = fact.policy
        case ClaimAdded() as fact:
            state.claims[fact.id] = fact
        case ClaimWithdrawn() as fact:
            state.claims.pop(fact.claim, None)
        case WordListed() as fact:
            state.words[fact.word] = fact.effect
        case WordUnlisted() as fact:
            state.words.pop(fact.word, None)
        case TrainingConsented() as fact:
            state.training = fact.given
        case _:
            return
    state.changes[entry.id] = entry.fact
    if len(state.changes) > CHANGES_KEPT:
        del state.changes[next(iter(state.changes))]
    state.changed = entry.id
