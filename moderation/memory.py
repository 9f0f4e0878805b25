"""What a worker knows of one broadcast: its situation, what was said lately, who was held, what is owed a second look.

Kept by `worker.py`, read from the log itself and not from the worker's share of it: so several workers know the
same, and a worker that starts anew knows it again. The second look is owed by the log: no crash forgets it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Container

from moderation.campaign_words import NOTHING_LENT, Lent
from moderation.judge import Heard, Verdict
from moderation.normalise import read
from moderation.pipeline import Force
from moderation.policy import Policy
from moderation.recent import LONGEST_WINDOW_MS, Recent
from moderation.situation import Situation
from streamhub.facts import (
    CommentDecided,
    CommentErased,
    CommentJudged,
    CommentSubmitted,
    HousePolicyChanged,
    VerdictRevised,
    ViewerRestricted,
)
from streamhub.record.log import Log
from streamhub.state.projection import START, Entry, position

HELD_FOR = frozenset(("contact", "promotion", "abuse", "repetition"))
"""What an author is slowed for. Doubt and misconceptions slow nobody."""

MOST_HELD = 50
"""Held comments remembered of one viewer."""


TIDY_SECONDS = 10.0
"""How often the worker looks for what may be forgotten."""


def tidy(memories: dict[str, Memory], needed: Container[str]) -> None:
    """Now and then, however busy: broadcasts that are over and owe nothing are forgotten, and of others what was said
    long ago."""
    for key, memory in list(memories.items()):
        memory.rest()
        if key not in needed and not memory.owed:
            del memories[key]


class Memory:
    def __init__(self, first_wanted: str, home: str = "") -> None:
        """`first_wanted`: the first entry that will be asked about; of what was said long before only facts count.
        `home`: the address of this StreamHub, which people may pass on."""
        self.situation = Situation(home=home)
        self.recent = Recent()
        self.owed: dict[str, CommentSubmitted] = {}
        """Comment -> what was said, of provisional verdicts that were not revised yet, oldest first."""
        self._from_ms = position(first_wanted)[0] - LONGEST_WINDOW_MS
        self._after = START
        self._unjudged: dict[str, CommentSubmitted] = {}
        self._held: dict[str, deque[int]] = {}
        self._slowed: dict[str, int] = {}
        self._learnt_at = time.monotonic()

    async def catch_up(self, log: Log, entry_id: str) -> None:
        """Know everything up to this entry."""
        while position(self._after) < position(entry_id):
            if not await self.read_on(log):
                return

    async def read_on(self, log: Log) -> bool:
        """Know what has been added; False if nothing was."""
        entries = await log.read(self._after)
        for entry in entries:
            self.learn(entry)
        if entries:
            self._after = entries[-1].id
        return bool(entries)

    def heard(self, entry: Entry, policy: Policy) -> Heard:
        reading = read(entry.fact.text)
        window = policy.repetition.window_seconds * 1000
        return Heard(
            reading,
            self.recent.repeats(entry.id, entry.fact.viewer, reading, window),
            newcomer=self.situation.is_newcomer(entry.fact.viewer, entry.id),
            hosting=entry.fact.hosting,
        )

    def force(self, default: Policy, lent: Lent = NOTHING_LENT) -> Force:
        policy = self.situation.policy(default)
        return Force(policy, self.situation.words(policy, lent), tuple(self.situation.claims()))

    def unnoted(self, house: Policy, *, own: bool) -> HousePolicyChanged | None:
        """What is to be recorded before the first verdict by another policy of the house. `own`: it has a file."""
        noted, chosen = self.situation.chosen.house, self.situation.policy(house)
        if chosen is not house or house.version == noted or not (own or noted):
            return None
        return HousePolicyChanged(policy=house.version, reason=house.reason)

    def slowing(self, entry: Entry, verdict: Verdict, policy: Policy) -> ViewerRestricted | None:
        """What follows for an author who is held again and again; call once for each new verdict."""
        viewer, at = entry.fact.viewer, position(entry.id)[0]
        if entry.fact.hosting or policy.slow.after_held == 0 or self._slowed.get(viewer, 0) > at:
            return None
        if verdict.finding is None or verdict.action == "publish" or verdict.finding.reason.code not in HELD_FOR:
            return None
        times = self._held.setdefault(viewer, deque(maxlen=MOST_HELD))
        since = at - policy.slow.within_seconds * 1000
        if sum(held >= since and held < at for held in times) + 1 < policy.slow.after_held:
            return None
        until = at + int(policy.slow.for_seconds * 1000)
        return ViewerRestricted(
            viewer=viewer, effect="slow", until_ms=until, by="moderation", reason=policy.version, comment=entry.id
        )

    def rest(self) -> None:
        """Forget what was said longer ago than anybody asks about, if nothing has been said since."""
        if time.monotonic() - self._learnt_at > LONGEST_WINDOW_MS / 1000:
            self.recent = Recent()

    def learn(self, entry: Entry) -> None:
        self._learnt_at = time.monotonic()
        self.situation.evolve(entry)
        match entry.fact:
            case CommentSubmitted() as fact:
                self._unjudged[entry.id] = fact
                if position(entry.id)[0] >= self._from_ms:
                    self.recent.note(entry.id, fact.viewer, read(fact.text))
            case CommentJudged() as fact:
                said = self._unjudged.pop(fact.comment, None)
                if said is None:
                    return
                if fact.provisional:
                    self.owed[fact.comment] = said
                if fact.action == "hold" and any(reason.code in HELD_FOR for reason in fact.reasons):
                    held = self._held.setdefault(said.viewer, deque(maxlen=MOST_HELD))
                    held.append(position(fact.comment)[0])
            case VerdictRevised() as fact:
                self.owed.pop(fact.comment, None)
            case CommentDecided() | CommentErased() as fact:
                self.owed.pop(fact.comment, None)  # a person has spoken, before the verdict or after it
                self._unjudged.pop(fact.comment, None)
            case ViewerRestricted() as fact:
                self._slowed[fact.viewer] = fact.until_ms
