"""What happened in a campaign, whatever its module: the first entries of its log. A module adds facts of its own.

Read by every part; the rules are those of `facts.py`.
"""

from __future__ import annotations

from streamhub.facts import Code, Fact, WordListed, WordUnlisted


class CampaignCreated(Fact, frozen=True, kw_only=True):
    """Dates are ISO days ("2026-11-22"), both inclusive, in `timezone` (IANA name)."""

    id: Code
    module: str
    title: str
    by: str
    starts_on: str
    ends_on: str
    timezone: str = "Asia/Shanghai"
    simulated: bool = False


class CampaignOpened(Fact, frozen=True, kw_only=True):
    by: str


class CampaignClosed(Fact, frozen=True, kw_only=True):
    by: str


CampaignFact = CampaignCreated | CampaignOpened | CampaignClosed | WordListed | WordUnlisted
