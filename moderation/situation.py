"""What is in force in one broadcast: the preset its hosts chose, their words and claims, who has spoken before.

A fold of the broadcast's log, kept by the worker for each broadcast and by the trial; pure. What a host changes
counts for the next comment that is judged.
"""

from __future__ import annotations

import msgspec

from moderation.checks.words import Words
from moderation.policy import PRESETS, Policy, preset
from streamhub.facts import ClaimAdded, CommentSubmitted
from streamhub.state import policy as policy_
from streamhub.state.projection import Entry

MOST_CLAIMS = 200
"""Claims of its own that a broadcast can have; more are not looked for."""


class Situation(msgspec.Struct):
    """`first`: viewer -> the entry of their first message."""

    chosen: policy_.Policy = msgspec.field(default_factory=policy_.Policy)
    first: dict[str, str] = {}
    _words: tuple[tuple[str, str], Words] | None = None

    def evolve(self, entry: Entry) -> None:
        if isinstance(entry.fact, CommentSubmitted):
            self.first.setdefault(entry.fact.viewer, entry.id)
        else:
            policy_.evolve(self.chosen, entry)

    def is_newcomer(self, viewer: str, entry_id: str) -> bool:
        return self.first.get(viewer, entry_id) == entry_id

    def policy(self, default: Policy) -> Policy:
        """The preset that was chosen; without a choice (or with one that this version has not) the house's own."""
        name = self.chosen.preset
        return preset(name) if name in PRESETS and name != "default" else default

    def words(self, policy: Policy) -> Words:
        """The policy's words and the broadcast's; what the broadcast says of a word counts."""
        key = (self.chosen.changed, policy.version)
        if self._words is None or self._words[0] != key:
            listed = {**dict.fromkeys(policy.words.allow, "allow"), **dict.fromkeys(policy.words.hold, "hold")}
            listed |= self.chosen.words
            allow = [word for word, effect in listed.items() if effect == "allow"]
            hold = [word for word, effect in listed.items() if effect == "hold"]
            self._words = (key, Words(allow, hold))
        return self._words[1]

    def claims(self) -> list[ClaimAdded]:
        """Its own claims that can be shown; one without a source never is, however it came into the log."""
        return [claim for claim in self.chosen.claims.values() if claim.source.strip()][:MOST_CLAIMS]
