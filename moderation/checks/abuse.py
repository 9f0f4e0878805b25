"""Abuse: plain insults, threats and wishes of death by a short lexicon, the rest by the head.

Called by `judge.py`. The lexicon holds what is an insult in nearly every sentence; words that people also
say of themselves, of waste or of the weather (垃圾, 打死我也不, killing me) are left to the head.
"""

from __future__ import annotations

from moderation.checks.finding import Finding
from moderation.policy import Abuse
from streamhub.facts import Reason


def abuse(rule: str, policy: Abuse) -> Finding | None:
    """`rule`: the id of the rule that fired, or ""."""
    return Finding(policy.action, Reason(code="abuse", rule=rule)) if rule else None


def abuse_score(score: float, policy: Abuse, *, less: float = 0.0) -> Finding | None:
    """`less`: how much earlier the threshold is for this author."""
    if score < policy.hold_at - less:
        return None
    return Finding(policy.action, Reason(code="abuse", rule="head", score=round(score, 3)))
