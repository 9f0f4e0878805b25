"""Promotion: selling, recruiting, fraud, begging for followers. First by known wordings, then by the head.

Called by `judge.py`, the wordings before the model is asked, the score after.
"""

from __future__ import annotations

from moderation.checks.finding import Finding
from moderation.checks.patterns import first_that_fires
from moderation.normalise import Reading
from moderation.policy import Promotion
from streamhub.facts import Reason


def promotion(reading: Reading, policy: Promotion) -> Finding | None:
    rule = first_that_fires("promotion", reading)
    return Finding(policy.action, Reason(code="promotion", rule=rule)) if rule else None


def promotion_score(score: float, policy: Promotion) -> Finding | None:
    if score < policy.hold_at:
        return None
    return Finding(policy.action, Reason(code="promotion", rule="head", score=round(score, 3)))
