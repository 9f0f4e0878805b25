"""How the moderation fares: each worker tells it every second or so, the desk of the hosts shows the worst.

Written by `moderation/worker.py`, read by the hub for `Review.moderation`. Not a fact: it says how things are
now, and a worker that is gone is forgotten after some seconds.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Literal, cast

from redis.asyncio import Redis

Fare = Literal["normal", "overload", "rules-only"]
"""normal: everything is looked at. overload: the encoder looks afterwards. rules-only: there is no encoder, and
what the rules do not know waits for a person."""

KEY = "streamhub:moderation"
FRESH_SECONDS = 10.0
_WORST: tuple[Fare, ...] = ("rules-only", "overload", "normal")


async def tell(store: Redis, worker: str, fare: Fare) -> None:
    """Call at least every few seconds; what is older than `FRESH_SECONDS` does not count."""
    async with store.pipeline(transaction=False) as pipe:
        pipe.hset(KEY, worker, f"{fare} {time.time():.0f}")
        pipe.expire(KEY, 3600)
        await cast("Awaitable[object]", pipe.execute())


async def fare(store: Redis) -> Fare | None:
    """The worst that a worker told lately; None while none works, so comments wait."""
    told = cast("dict[bytes, bytes]", await cast("Awaitable[object]", store.hgetall(KEY)))
    now = time.time()
    fresh = [how for how, at in (value.decode().split() for value in told.values()) if now - float(at) <= FRESH_SECONDS]
    return next((how for how in _WORST if how in fresh), None)
