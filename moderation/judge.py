"""Comment + repetition + scores + claim matches + policy -> verdict. Pure: the first decisive check wins.

Called by `pipeline.py`, which gathers what is judged. The order is by cost and by harm: repetition, known
wordings of contact, promotion and abuse, letters, then what the encoder says. Doubt is a hold, never a rejection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from moderation.checks.abuse import abuse, abuse_score
from moderation.checks.claim import claim, misinformation_score
from moderation.checks.contact import contact
from moderation.checks.evidence import evidence, speaks_for_a_seller
from moderation.checks.finding import Finding
from moderation.checks.flooding import flooding
from moderation.checks.patterns import rulebook
from moderation.checks.promotion import promotion, promotion_score
from moderation.checks.words import Words
from moderation.model.claims import Claim, Match
from moderation.normalise import Reading
from moderation.policy import Policy
from moderation.recent import Repeats
from streamhub.facts import CommentJudged, Nearest, Reason, VerdictRevised

NO_WORDS = Words()

NEAREST_AT = 0.8
"""The `topic` of a match from which a claim is named to a person beside what was found; what has less, small talk and
insults mostly, only happens to be nearest to it."""


class Heard(msgspec.Struct, frozen=True):
    """One comment with all that is known of it before a model is asked."""

    reading: Reading
    repeats: Repeats = Repeats()
    newcomer: bool = False
    """The viewer's first message in this broadcast."""
    hosting: bool = False
    """Said by somebody who hosts: asked for evidence where it praises."""


class Evidence(msgspec.Struct, frozen=True):
    """What the models say of one comment: probabilities by label, and the nearest claims, best first."""

    scores: Mapping[str, float]
    matches: Sequence[Match] = ()


class Verdict(msgspec.Struct, frozen=True):
    """A finding with the evidence that was looked at, before it is a fact about one comment."""

    finding: Finding | None = None
    evidence: Evidence | None = None
    """None where no model was asked."""
    provisional: bool = False
    """Fell without the encoder because there was no time: it looks again, and may revise this."""

    @property
    def action(self) -> str:
        return self.finding.action if self.finding else "publish"

    def of(self, comment: str, *, model: str, policy: str, applause: str = "") -> CommentJudged:
        found = self.finding
        return CommentJudged(
            comment=comment,
            action=found.action if found else "publish",
            reasons=(found.reason,) if found else (),
            note=found.note if found else None,
            scores=dict(self.evidence.scores) if self.evidence else {},
            model=model,
            policy=policy,
            claims=self._nearest() if found else (),
            provisional=self.provisional,
            applause=applause,
        )

    def revising(self, comment: str, *, model: str, policy: str) -> VerdictRevised:
        """The same as a second verdict, which replaces the provisional one."""
        judged = self.of(comment, model=model, policy=policy)
        return VerdictRevised(
            comment=comment, action=judged.action, reasons=judged.reasons, note=judged.note, scores=judged.scores,
            model=model, policy=policy,
            claims=judged.claims,
        )  # fmt: skip

    def _nearest(self) -> tuple[Nearest, ...]:
        matches = self.evidence.matches if self.evidence else ()
        near = (match for match in matches if match.topic >= NEAREST_AT)
        return tuple(Nearest(claim=match.claim, similarity=round(match.said, 3)) for match in near)


PUBLISH = Verdict()
MODEL_MISSING = Verdict(Finding("hold", Reason(code="unsure", rule="model_missing")))
"""Without a model nothing is let through that only the model could have stopped."""

OVERLOADED = Verdict(Finding("hold", Reason(code="unsure", rule="overload")), provisional=True)
"""No time to ask the encoder, and this policy publishes nothing unasked."""

FAILED = Verdict(Finding("hold", Reason(code="unsure", rule="check_failed")))
"""A check or the model broke on this comment: a person decides."""


def judge_by_rules(heard: Heard, policy: Policy, words: Words = NO_WORDS) -> Verdict | None:
    """The verdict of the rules, or None when they have nothing to say."""
    rules = rulebook().fired(heard.reading, None if words.none else words.clear)
    found = (
        flooding(heard.reading, heard.repeats, policy.repetition)
        or (words.held(heard.reading) if not words.none else None)
        or contact(rules.get("contact", ""), policy.contact)
        or promotion(rules.get("promotion", ""), policy.promotion)
        or abuse(rules.get("abuse", ""), policy.abuse)
        or (evidence(rules.get("evidence", ""), policy.evidence) if heard.hosting else None)
    )
    return Verdict(found) if found else None


def judge_by_letters(harms: Mapping[str, float], policy: Policy) -> Verdict | None:
    """The verdict of the linear model where it is sure, of harm or of none; None where the encoder should look."""
    seen = Evidence({**harms, "ok": round(1 - max(harms.values()), 3)})
    if harms["abuse"] >= policy.linear.abuse_at:
        return Verdict(Finding(policy.abuse.action, Reason(code="abuse", rule="linear", score=harms["abuse"])), seen)
    if harms["promotion"] >= policy.linear.promotion_at:
        reason = Reason(code="promotion", rule="linear", score=harms["promotion"])
        return Verdict(Finding(policy.promotion.action, reason), seen)
    return Verdict(None, seen) if seen.scores["ok"] >= policy.linear.harmless_at else None


def judge_idle_talk(harms: Mapping[str, float], topic: float, policy: Policy) -> Verdict | None:
    """Published where next to no word is of the claim bank, and letters are sure that nothing else is wrong; else None.

    `topic`: how far the words are those of any claim, about 0 to 1."""
    if topic > policy.idle.topic or harms["misinformation"] > policy.idle.misinformation:
        return None
    if max(harms["promotion"], harms["abuse"]) > policy.idle.harm:
        return None
    return Verdict(None, Evidence({**harms, "ok": round(1 - max(harms.values()), 3)}))


def judge_by_model(
    evidence: Evidence, policy: Policy, bank: Mapping[str, Claim], *, newcomer: bool = False, asks: bool = False
) -> Verdict:
    """The verdict on what the rules and the letters let pass. `asks`: it has the form of a question."""
    scores = evidence.scores
    less = policy.newcomer.stricter_by if newcomer else 0.0
    found = (
        abuse_score(scores["abuse"], policy.abuse, less=less)
        or promotion_score(scores["promotion"], policy.promotion, less=less)
        or claim(evidence.matches, scores["misinformation"], policy.claim, bank, asks=asks)
        or misinformation_score(scores["misinformation"], policy.misinformation)
        or _doubt(scores, policy, less)
    )
    return Verdict(found, evidence)


def judge_as_seller(verdict: Verdict, heard: Heard, policy: Policy) -> Verdict:
    """Who sells is asked for evidence as a host is; last, so that what the models hold as advertising stays held."""
    if verdict.finding or heard.hosting or not speaks_for_a_seller(heard.reading):
        return verdict
    found = evidence(rulebook().fired(heard.reading).get("evidence", ""), policy.evidence)
    return Verdict(found, verdict.evidence, verdict.provisional) if found else verdict


def _doubt(scores: Mapping[str, float], policy: Policy, less: float) -> Finding | None:
    """Something is likely wrong, but no check is sure what. Misleading statements have a threshold of their own."""
    doubt = scores["promotion"] + scores["abuse"]
    if doubt < policy.unsure.doubt_at - less:
        return None
    return Finding("hold", Reason(code="unsure", rule="doubt", score=round(min(doubt, 1.0), 3)))
