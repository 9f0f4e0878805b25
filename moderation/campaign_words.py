"""The words that organizers keep on a campaign: they hold in every broadcast that belongs to it.

Kept by `worker.py`, one for all broadcasts, read from the campaigns' own logs: what is listed there counts within
`LOOK_SECONDS` in all of them. Trips and the like, most of such a log, are passed over unread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from redis.asyncio import Redis

from moderation.lost import STORE_LOST
from streamhub.facts import WordEffect, WordListed, WordUnlisted
from streamhub.record.log import READ_COUNT, Log, campaign_key
from streamhub.record.primary import Forked, read_now
from streamhub.state import policy as policy_
from streamhub.state.projection import START, Entry, position

LOOK_SECONDS = 1.0
"""How long what is known of a campaign's words is good."""


OURS = b'{"type":"word_'
"""How the facts about words begin in a log."""


class Lent(NamedTuple):
    """What campaigns add to the words of a broadcast. `version` differs whenever the words may."""

    version: tuple[str, ...] = ()
    words: Mapping[str, WordEffect] = {}


NOTHING_LENT = Lent()


def lend(lists: Mapping[str, Mapping[str, WordEffect]], version: tuple[str, ...] = ()) -> Lent:
    """The lists of campaigns together. Where two differ about a word, a person looks."""
    words: dict[str, WordEffect] = {}
    for listed in lists.values():
        for word, effect in listed.items():
            words[word] = "hold" if "hold" in (effect, words.get(word)) else "allow"
    return Lent(version or tuple(lists), words)


class WordsThen:
    """The same of the past: what campaigns listed at a moment. For logs that are judged again, in their order."""

    def __init__(self, changes: Mapping[str, Iterable[Entry]]) -> None:
        """`changes`: campaign -> its facts about words, oldest first; of a campaign that is not named it knows none."""
        self._to_come = {campaign: deque(entries) for campaign, entries in changes.items()}
        self._listed = {campaign: policy_.Policy() for campaign in changes}

    def at(self, moment: str, campaigns: Iterable[str]) -> Lent:
        """As of an entry of the broadcast; no earlier moment may be asked for afterwards."""
        known = {campaign: self._read_on(campaign, moment) for campaign in campaigns if campaign in self._listed}
        version = tuple(f"{campaign} {policy.changed}" for campaign, policy in known.items())
        return lend({campaign: policy.words for campaign, policy in known.items()}, version)

    def _read_on(self, campaign: str, moment: str) -> policy_.Policy:
        to_come = self._to_come[campaign]
        while to_come and position(to_come[0].id) <= position(moment):
            policy_.evolve(self._listed[campaign], to_come.popleft())
        return self._listed[campaign]


async def word_changes(store: Redis, campaign: str) -> list[Entry]:
    """The facts about words of one campaign, oldest first."""
    log, after, found = Log(store, campaign_key(campaign), WordListed | WordUnlisted), START, list[Entry]()
    while rows := await read_now(store, log.key, after, count=READ_COUNT):
        found += log.decode(row for row in rows if row[1].get(b"f", b"").startswith(OURS))
        after = rows[-1][0].decode()
    return found


class CampaignWords:
    def __init__(self, store: Redis) -> None:
        self._store = store
        self._kept: dict[str, _Kept] = {}
        self._lent: dict[tuple[str, ...], tuple[float, Lent]] = {}
        """When it was put together (monotonic seconds), and what."""

    async def of(self, campaigns: tuple[str, ...]) -> Lent:
        """All that these campaigns list. What cannot be reached now (on a Cluster, one campaign's server) is as it was
        known last."""
        if not campaigns:
            return NOTHING_LENT
        looked, lent = self._lent.get(campaigns, (-1e9, NOTHING_LENT))
        if time.monotonic() - looked < LOOK_SECONDS:
            return lent
        for campaign in campaigns:
            with suppress(*STORE_LOST):
                await self._kept.setdefault(campaign, _Kept(self._store, campaign)).read_on()
        kept = {campaign: self._kept[campaign].policy for campaign in campaigns}
        version = tuple(f"{campaign} {policy.changed}" for campaign, policy in kept.items())
        lent = lend({campaign: policy.words for campaign, policy in kept.items()}, version)
        self._lent[campaigns] = (time.monotonic(), lent)
        return lent


class _Kept:
    """One campaign's words as of `after`."""

    def __init__(self, store: Redis, campaign: str) -> None:
        self.policy = policy_.Policy()
        self._store = store
        self._log = Log(store, campaign_key(campaign), WordListed | WordUnlisted)
        self._after = START

    async def read_on(self) -> None:
        try:
            while rows := await read_now(self._store, self._log.key, self._after, count=READ_COUNT):
                for entry in self._log.decode(row for row in rows if row[1].get(b"f", b"").startswith(OURS)):
                    policy_.evolve(self.policy, entry)
                self._after = rows[-1][0].decode()
        except Forked:  # another server took over and had not got the last entries: known anew at the next look
            self.policy, self._after = policy_.Policy(), START
