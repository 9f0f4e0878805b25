"""Claims: an assertion of a known misconception gets its source card; a question or a debunk about it does not.
A card that only a person may attach is never attached here: such a comment is published, or held if it is flagrant.

Called by `judge.py` with what the claim index found and what the head thinks of the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moderation.checks.finding import Finding
from moderation.model.claims import Claim, Match
from moderation.policy import ClaimMatch, Misinformation
from streamhub.facts import Reason


def claim(
    matches: Sequence[Match],
    misinformation: float,
    policy: ClaimMatch,
    bank: Mapping[str, Claim],
    *,
    asks: bool = False,
) -> Finding | None:
    """Annotate with the best match, if the comment is about it, reads as an assertion, and the card is not a host's.

    `asks`: it has the form of a question."""
    if not matches or misinformation < (policy.question_at if asks else policy.misinformation_at):
        return None
    best = matches[0]
    if best.topic < policy.topic_at or bank[best.claim].by:
        return None
    score = round(min(max(best.said, 0.0), 1.0), 3)
    return Finding("annotate", Reason(code="claim", rule=best.claim, score=score), bank[best.claim].note())


def misinformation_score(score: float, policy: Misinformation) -> Finding | None:
    """No claim explains it, yet the head is nearly certain: a person looks."""
    if score < policy.hold_at:
        return None
    return Finding("hold", Reason(code="misinformation", rule="head", score=round(score, 3)))
