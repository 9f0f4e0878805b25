"""Promotion: selling, recruiting, fraud, begging for followers. First by known wordings, then by the head.

Called by `judge.py`, the wordings before the model is asked, the score after.
"""

from __future__ import annotations

from moderation.checks.finding import Finding
from moderation.policy import Promotion
from streamhub.facts import Reason


def promotion(rule: str, policy: Promotion) -> Finding | None:
    """`rule`: the id of the rule that fired, or ""."""
    return Finding(policy.action, Reason(code="promotion", rule=rule)) if rule else None


def promotion_score(score: float, policy: Promotion, *, less: float = 0.0) -> Finding | None:
    """`less`: how much earlier the threshold is for this author."""
    if score < policy.hold_at - less:
        return None
    return Finding(policy.action, Reason(code="promotion", rule="head", score=round(score, 3)))
