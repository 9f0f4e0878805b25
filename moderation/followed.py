"""Which logs a moderation worker reads: those of live broadcasts, each from its beginning until it is closed and done.

Called by `worker.py` before every batch. A broadcast that is opened again comes back by itself. At its start a
worker also looks through all that are listed, a few at a time: what a crash left live, or not, is put right.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.facts import BroadcastClosed, BroadcastOpened
from streamhub.record import directory
from streamhub.record.group import WorkerGroup
from streamhub.record.log import broadcast_key
from streamhub.record.replay import replay
from streamhub.state.projection import Entry

LOOK_SECONDS = 0.4
"""How soon a new broadcast is noticed."""

LEAVE_SECONDS = 2.0
"""How often it is looked whether a closed broadcast is done."""

CHECKS = 4
"""Broadcasts of the list that are looked at in one turn after the start."""


class Followed:
    def __init__(self, store: Redis, group: WorkerGroup) -> None:
        self._store = store
        self._group = group
        self._live: dict[str, float] = {}
        self._closed: set[str] = set()
        self._unchecked: deque[str] | None = None
        self._looked = self._left = -1e9

    async def look(self) -> bool:
        """Bring the group up to date, if it is time; whether there is anything to read."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            await self._list()
            self._looked = now
        if now - self._left > LEAVE_SECONDS:
            for code in list(self._closed):
                await self._leave_if_done(code)
            self._left = now
        return bool(self._live)

    def note(self, key: str, entries: Iterable[Entry]) -> None:
        """Entries that this worker dealt with: of all workers it alone sees that the broadcast was closed."""
        for entry in entries:
            if isinstance(entry.fact, BroadcastClosed):
                self._closed.add(_code(key))
            elif isinstance(entry.fact, BroadcastOpened):
                self._closed.discard(_code(key))

    async def _list(self) -> None:
        """On a Cluster the list may be out of reach while logs are not: what is known is read on."""
        try:
            self._live = await directory.live(self._store)
            await self._check_some()
        except (RedisError, OSError, TimeoutError):
            if not self._live:
                raise
        lost: Exception | None = None
        for code in self._live:
            try:
                await self._group.add(broadcast_key(code))
            except (RedisError, OSError, TimeoutError) as error:
                lost = error
        if lost and not self._group.keys():
            raise lost
        for key in self._group.keys() - {broadcast_key(code) for code in self._live}:
            self._group.remove(key)

    async def _leave_if_done(self, code: str) -> None:
        self._closed.discard(code)
        seen = self._live.get(code)
        if seen is None or (await replay(self._store, code)).details.status != "closed":
            return
        if not await self._group.finished(broadcast_key(code)):
            self._closed.add(code)
        elif await directory.leave_live(self._store, code, seen):
            self._group.remove(broadcast_key(code))
            del self._live[code]

    async def _check_some(self) -> None:
        if self._unchecked is None:
            self._unchecked = deque(await directory.broadcasts(self._store))
        for _ in range(min(CHECKS, len(self._unchecked))):
            code = self._unchecked.popleft()
            closed = (await replay(self._store, code)).details.status == "closed"
            if closed and code in self._live:
                self._closed.add(code)
            elif not closed and code not in self._live:
                await directory.put_live(self._store, code)


def _code(key: str) -> str:
    """Of a log's key, `{b:CODE}:log`."""
    return key[3:].partition("}")[0]
