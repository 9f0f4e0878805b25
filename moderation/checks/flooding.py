"""Repetition: one person saying the same again and again, or many saying the same long text at once.

Called first by `judge.py`: it needs no look at what the text says.
"""

from __future__ import annotations

from moderation.applause import is_applause
from moderation.checks.finding import Finding
from moderation.normalise import Reading
from moderation.policy import Repetition
from moderation.recent import Repeats
from streamhub.facts import Reason


def flooding(reading: Reading, repeats: Repeats, policy: Repetition) -> Finding | None:
    if repeats.by_one < policy.by_one and repeats.by_many < policy.by_many:
        return None
    if is_applause(reading):
        return None
    if repeats.by_one >= policy.by_one:
        return Finding("hold", Reason(code="repetition", rule="by_one"))
    if repeats.length >= policy.raid_length:
        return Finding("hold", Reason(code="repetition", rule="by_many"))
    return None
