"""What is in force in one broadcast: the preset its hosts chose, its words and claims, who has spoken before.

A fold of the broadcast's log, kept by the worker for each broadcast and by the trial; pure. What a host changes
counts for the next comment that is judged.
"""

from __future__ import annotations

import msgspec

from moderation.campaign_words import NOTHING_LENT, Lent
from moderation.checks.words import Words
from moderation.policy import PRESETS, Policy, preset
from streamhub.facts import BroadcastCreated, BroadcastEdited, ClaimAdded, CommentSubmitted, Stage
from streamhub.state import policy as policy_
from streamhub.state.projection import Entry

MOST_CLAIMS = 200
"""Claims of its own that a broadcast can have; more are not looked for."""


class Situation(msgspec.Struct):
    """`first`: viewer -> the entry of their first message."""

    chosen: policy_.Policy = msgspec.field(default_factory=policy_.Policy)
    first: dict[str, str] = {}
    campaigns: tuple[str, ...] = ()
    """To which the broadcast belongs: what they list holds here too."""
    stage: Stage = Stage()
    home: str = ""
    """The address of this StreamHub, where people reach it by a name."""
    _words: tuple[tuple[str, str, tuple[str, ...], Stage], Words] | None = None

    def evolve(self, entry: Entry) -> None:
        if isinstance(entry.fact, CommentSubmitted):
            self.first.setdefault(entry.fact.viewer, entry.id)
        elif isinstance(entry.fact, BroadcastCreated | BroadcastEdited):
            self.campaigns = self.campaigns if entry.fact.campaigns is None else entry.fact.campaigns
            self.stage = self.stage if entry.fact.stage is None else entry.fact.stage
        else:
            policy_.evolve(self.chosen, entry)

    def is_newcomer(self, viewer: str, entry_id: str) -> bool:
        return self.first.get(viewer, entry_id) == entry_id

    def policy(self, default: Policy) -> Policy:
        """The preset that was chosen; without a choice (or with one that this version has not) the house's own."""
        name = self.chosen.preset
        return preset(name) if name in PRESETS and name != "default" else default

    def words(self, policy: Policy, lent: Lent = NOTHING_LENT) -> Words:
        """The broadcast's words, those of its campaigns and the policy's: of a word in several, the first says what
        happens, and where there are too many, those are looked for first. Whoever passes on where the broadcast can
        be seen advertises nothing: these addresses are allowed, unless somebody lists them otherwise."""
        key = (self.chosen.changed, policy.version, lent.version, self.stage)
        if self._words is None or self._words[0] != key:
            house = {**dict.fromkeys(policy.words.allow, "allow"), **dict.fromkeys(policy.words.hold, "hold")}
            listed: dict[str, str] = {**self.chosen.words}
            shown = dict.fromkeys((*filter(None, [self.home]), *addresses(self.stage)), "allow")
            for word, effect in (*lent.words.items(), *house.items(), *shown.items()):
                listed.setdefault(word, effect)
            allow = [word for word, effect in listed.items() if effect == "allow"]
            hold = [word for word, effect in listed.items() if effect == "hold"]
            self._words = (key, Words(allow, hold))
        return self._words[1]

    def claims(self) -> list[ClaimAdded]:
        """Its own claims that can be shown; one without a source never is, however it came into the log."""
        return [claim for claim in self.chosen.claims.values() if claim.source.strip()][:MOST_CLAIMS]


def addresses(stage: Stage) -> tuple[str, ...]:
    """Where the picture of a broadcast is shown, as people pass it on; nothing for what only players open."""
    pages: tuple[str, ...] = ()
    match stage.kind:
        case "youtube":
            pages = ("youtube.com/watch?v=", "youtube.com/live/", "youtube.com/shorts/", "youtu.be/")
        case "bilibili":
            pages = ("bilibili.com/video/",)
    return tuple(page + stage.source for page in pages)
