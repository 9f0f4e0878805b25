"""Contact bait: asks people to a private chat, a number, a code to scan, a link.

Called by `judge.py` before the model is asked.
"""

from __future__ import annotations

from moderation.checks.finding import Finding
from moderation.checks.patterns import first_that_fires
from moderation.normalise import Reading
from moderation.policy import Contact
from streamhub.facts import Reason


def contact(reading: Reading, policy: Contact) -> Finding | None:
    rule = first_that_fires("contact", reading)
    return Finding(policy.action, Reason(code="contact", rule=rule)) if rule else None
