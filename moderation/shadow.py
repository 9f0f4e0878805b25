"""Shadow mode: what another policy would have said, counted beside the verdicts and never acted upon.

Used by `worker.py` where the settings name a shadow policy, read by the desk of the hosts and the command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import cast

from redis.asyncio import Redis

from streamhub.record.log import broadcast_key

KEPT_SECONDS = 30 * 86_400


def counts_key(code: str) -> str:
    return broadcast_key(code, "shadow")


async def note(store: Redis, log_key: str, policy: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Count (action in force, action of the shadow) of some comments of one log, by the shadow's version."""
    counted = Counter(f"{policy} {was} {would}" for was, would in pairs)
    if not counted:
        return
    key = log_key.removesuffix("log") + "shadow"
    async with store.pipeline(transaction=False) as pipe:
        for field, count in counted.items():
            pipe.hincrby(key, field, count)
        pipe.expire(key, KEPT_SECONDS)
        await cast("Awaitable[object]", pipe.execute())


async def counts(store: Redis, code: str) -> dict[str, dict[str, int]]:
    """Shadow policy -> "was>would" -> comments, of one broadcast."""
    told = cast("dict[bytes, bytes]", await cast("Awaitable[object]", store.hgetall(counts_key(code))))
    found: dict[str, dict[str, int]] = {}
    for field, count in told.items():
        policy, was, would = field.decode().split()
        found.setdefault(policy, {})[f"{was}>{would}"] = int(count)
    return found
