"""How many people watch a broadcast, over all hub processes: each writes its own counts, all add them up.

One `Presence` per hub process, run by `rooms.py`: all rooms that have viewers in one pipeline, every two seconds.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping
from typing import cast

from redis.asyncio import Redis

from streamhub.record.log import broadcast_key

EVERY_SECONDS = 2.0
FRESH_SECONDS = 10.0
"""A count that was not renewed for so long belongs to a process that is gone."""

KEPT_SECONDS = 3600


class Presence:
    """`process` names this hub process among its fellows."""

    def __init__(self, store: Redis, process: str) -> None:
        self._store = store
        self._process = process
        self._known: dict[str, int] = {}

    def known(self, code: str, here: int) -> int:
        """The last number told, at least those who are here now."""
        return max(self._known.get(code, 0), here)

    async def changed(self, here: Mapping[str, int]) -> dict[str, int]:
        """Code -> number of people everywhere, of the broadcasts where it is not what it was at the last call.
        `here` are the people in this process; broadcasts not named are forgotten."""
        totals = await self._totals(here)
        found = {code: total for code, total in totals.items() if total != self._known.get(code)}
        self._known = totals
        return found

    async def _totals(self, here: Mapping[str, int]) -> dict[str, int]:
        if not here:
            return {}
        now = time.time()
        async with self._store.pipeline(transaction=False) as pipe:
            for code, people in here.items():
                key = broadcast_key(code, "present")
                pipe.hset(key, self._process, f"{people} {now:.0f}")
                pipe.expire(key, KEPT_SECONDS)
                pipe.hvals(key)
            answers = await cast("Awaitable[list[list[bytes]]]", pipe.execute())
        return dict(zip(here, (_sum(counts, now) for counts in answers[2::3]), strict=True))


def _sum(counts: list[bytes], now: float) -> int:
    told = (count.decode().split() for count in counts)
    return sum(int(people) for people, at in told if now - float(at) <= FRESH_SECONDS)
