"""How many people watch a broadcast, over all hub processes: each writes its own count, all add them up."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis

from streamhub.record.log import broadcast_key

EVERY_SECONDS = 2.0
FRESH_SECONDS = 10.0
"""A count that was not renewed for so long belongs to a process that is gone."""


class Presence:
    """One per hub process."""

    def __init__(self, store: Redis, process: str) -> None:
        self._store = store
        self._process = process
        self._next: dict[str, float] = {}
        self._known: dict[str, int] = {}

    async def changed(self, code: str, here: int) -> int | None:
        """The number of people everywhere if it changed since the last call; looks at most every `EVERY_SECONDS`."""
        now = time.monotonic()
        if now < self._next.get(code, 0):
            return None
        self._next[code] = now + EVERY_SECONDS
        total = await self._count(code, here)
        if total == self._known.get(code):
            return None
        self._known[code] = total
        return total

    def known(self, code: str, here: int) -> int:
        """The last number told, at least those who are here now."""
        return max(self._known.get(code, 0), here)

    async def _count(self, code: str, here: int) -> int:
        key = broadcast_key(code, "present")
        now = time.time()
        async with self._store.pipeline(transaction=False) as pipe:
            pipe.hset(key, self._process, f"{here} {now:.0f}")
            pipe.expire(key, 3600)
            pipe.hvals(key)
            *_, values = await cast("Awaitable[list[list[bytes]]]", pipe.execute())
        counts = (value.decode().split() for value in values)
        return sum(int(count) for count, at in counts if now - float(at) <= FRESH_SECONDS)
