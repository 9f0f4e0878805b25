"""How many people watch a broadcast, over all hub processes: each writes its own counts, all add them up.

One `Presence` per hub process, run by `rooms.py`: all rooms that have viewers in one pipeline, every two seconds.
No clock is compared with another's: a count is believed while it goes on changing, which each process sees itself.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping
from typing import cast

from redis.asyncio import Redis

from streamhub.record.log import broadcast_key

EVERY_SECONDS = 2.0
FRESH_SECONDS = 10.0
"""A count that was not renewed for so long belongs to a process that is gone; whoever notices removes it."""

KEPT_SECONDS = 30
"""Then the counts of a broadcast that nobody watches are gone."""

Seen = dict[bytes, tuple[bytes, float]]
"""Another process -> what it wrote last, and when (monotonic) that was first seen."""


class Presence:
    """`process` names this hub process among its fellows."""

    def __init__(self, store: Redis, process: str) -> None:
        self._store = store
        self._process = process
        self._beat = 0
        self._known: dict[str, int] = {}
        self._others: dict[str, Seen] = {}

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
        now = time.monotonic()
        written = await self._exchange(here, now) if here else []
        self._others = {
            code: self._seen(self._others.get(code, {}), counts, now)
            for code, counts in zip(here, written, strict=True)
        }
        return {code: here[code] + _sum(seen) for code, seen in self._others.items()}

    async def _exchange(self, here: Mapping[str, int], now: float) -> list[dict[bytes, bytes]]:
        """Write our counts and remove those of processes that are gone; what is written then, in the same order."""
        self._beat += 1
        async with self._store.pipeline(transaction=False) as pipe:
            for code, people in here.items():
                key = broadcast_key(code, "present")
                seen = self._others.get(code, {})
                gone = [process for process, (_, since) in seen.items() if now - since > FRESH_SECONDS]
                pipe.hset(key, self._process, f"{people} {self._beat}")
                pipe.hdel(key, *(gone or [b""]))
                pipe.expire(key, KEPT_SECONDS)
                pipe.hgetall(key)
            answers = await cast("Awaitable[list[dict[bytes, bytes]]]", pipe.execute())
        return answers[3::4]

    def _seen(self, before: Seen, written: dict[bytes, bytes], now: float) -> Seen:
        """What the other processes wrote; what has not changed keeps its time."""
        return {
            process: last if (last := before.get(process)) and last[0] == value else (value, now)
            for process, value in written.items()
            if process != self._process.encode()
        }


def _sum(seen: Seen) -> int:
    return sum(int(value.split()[0]) for value, _ in seen.values())
