"""Contact bait: asks people to a private chat, a number, a code to scan, a link.

Called by `judge.py` before the model is asked.
"""

from __future__ import annotations

from moderation.checks.finding import Finding
from moderation.policy import Contact
from streamhub.facts import Reason


def contact(rule: str, policy: Contact) -> Finding | None:
    """`rule`: the id of the rule that fired, or ""."""
    return Finding(policy.action, Reason(code="contact", rule=rule)) if rule else None
