"""Comment + repetition + scores + claim matches + policy -> verdict. Pure: the first decisive check wins.

Called by `pipeline.py`, which gathers what is judged. The order is by cost and by harm: repetition, known
wordings of contact, promotion and abuse, then what the model says. Doubt is a hold, never a rejection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from moderation.checks.abuse import abuse, abuse_score
from moderation.checks.claim import claim, misinformation_score
from moderation.checks.contact import contact
from moderation.checks.finding import Finding
from moderation.checks.flooding import flooding
from moderation.checks.promotion import promotion, promotion_score
from moderation.model.claims import Claim, Match
from moderation.normalise import Reading
from moderation.policy import Policy
from moderation.recent import Repeats
from streamhub.facts import CommentJudged, Reason


class Evidence(msgspec.Struct, frozen=True):
    """What the model says of one comment: probabilities by label, and the nearest claims, best first."""

    scores: Mapping[str, float]
    matches: Sequence[Match] = ()


class Verdict(msgspec.Struct, frozen=True):
    """A finding with the evidence that was looked at, before it is a fact about one comment."""

    finding: Finding | None = None
    evidence: Evidence | None = None
    """None where the model was not asked."""

    def of(self, comment: str, *, model: str, policy: str) -> CommentJudged:
        found = self.finding
        return CommentJudged(
            comment=comment,
            action=found.action if found else "publish",
            reasons=(found.reason,) if found else (),
            note=found.note if found else None,
            scores=dict(self.evidence.scores) if self.evidence else {},
            model=model,
            policy=policy,
        )


PUBLISH = Verdict()
MODEL_MISSING = Verdict(Finding("hold", Reason(code="unsure", rule="model_missing")))
"""Without a model nothing is let through that only the model could have stopped."""

FAILED = Verdict(Finding("hold", Reason(code="unsure", rule="check_failed")))
"""A check or the model broke on this comment: a person decides."""


def judge_by_rules(reading: Reading, repeats: Repeats, policy: Policy) -> Verdict | None:
    """The verdict of the rules, or None when they have nothing to say."""
    found = (
        flooding(reading, repeats, policy.repetition)
        or contact(reading, policy.contact)
        or promotion(reading, policy.promotion)
        or abuse(reading, policy.abuse)
    )
    return Verdict(found) if found else None


def judge_by_model(evidence: Evidence, policy: Policy, bank: Mapping[str, Claim]) -> Verdict:
    """The verdict on what the rules let pass."""
    scores = evidence.scores
    found = (
        abuse_score(scores["abuse"], policy.abuse)
        or promotion_score(scores["promotion"], policy.promotion)
        or claim(evidence.matches, scores["misinformation"], policy.claim, bank)
        or misinformation_score(scores["misinformation"], policy.misinformation)
        or _doubt(scores, policy)
    )
    return Verdict(found, evidence)


def _doubt(scores: Mapping[str, float], policy: Policy) -> Finding | None:
    """Something is likely wrong, but no check is sure what. Misleading statements have a threshold of their own."""
    doubt = scores["promotion"] + scores["abuse"]
    if doubt < policy.unsure.doubt_at:
        return None
    return Finding("hold", Reason(code="unsure", rule="doubt", score=round(min(doubt, 1.0), 3)))
