"""Abuse: plain insults, threats and wishes of death by a short lexicon, the rest by the head.

Called by `judge.py`. The lexicon holds what is an insult in nearly every sentence; words that people also
say of themselves, of waste or of the weather (垃圾, 打死我也不, killing me) are left to the head.
"""

from __future__ import annotations

from moderation.checks.finding import Finding
from moderation.checks.patterns import first_that_fires
from moderation.normalise import Reading
from moderation.policy import Abuse
from streamhub.facts import Reason


def abuse(reading: Reading, policy: Abuse) -> Finding | None:
    rule = first_that_fires("abuse", reading)
    return Finding(policy.action, Reason(code="abuse", rule=rule)) if rule else None


def abuse_score(score: float, policy: Abuse) -> Finding | None:
    if score < policy.hold_at:
        return None
    return Finding(policy.action, Reason(code="abuse", rule="head", score=round(score, 3)))
