"""Shadow mode: what another policy would have said, kept beside the verdicts and never acted upon.

Noted by `worker.py` where the settings name a shadow policy, read by `streamhub moderation shadow`: counted over all
comments, and by row where the two differ. Ids and actions only: what people wrote stays in the log alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Sequence
from typing import Any, cast

import msgspec
from redis.asyncio import Redis

from streamhub.facts import CommentSubmitted
from streamhub.record.log import broadcast_key, broadcast_log

KEPT_SECONDS = 30 * 86_400
ROWS_KEPT = 500
"""Differing comments of one broadcast that are listed; the oldest go first, the counts stay."""


class Row(msgspec.Struct, frozen=True):
    """One comment of which the two policies say different things. `text` is "" where the log has it no more."""

    policy: str
    comment: str
    was: str
    would: str
    text: str


async def note(store: Redis, log_key: str, policy: str, said: Sequence[tuple[str, str, str]]) -> None:
    """(comment, action in force, action of the shadow) of some comments of one log, by the shadow's version."""
    if not said:
        return
    key, rows = log_key.removesuffix("log") + "shadow", log_key.removesuffix("log") + "shadow-rows"
    async with store.pipeline(transaction=False) as pipe:
        for field, count in Counter(f"{policy} {was} {would}" for _, was, would in said).items():
            pipe.hincrby(key, field, count)
        pipe.expire(key, KEPT_SECONDS)
        if differing := [f"{policy} {comment} {was} {would}" for comment, was, would in said if was != would]:
            pipe.rpush(rows, *differing)
            pipe.ltrim(rows, -ROWS_KEPT, -1)
            pipe.expire(rows, KEPT_SECONDS)
        await cast("Awaitable[object]", pipe.execute())


async def counts(store: Redis, code: str) -> dict[str, dict[str, int]]:
    """Shadow policy -> "was>would" -> comments, of one broadcast."""
    told = cast("dict[bytes, bytes]", await cast("Awaitable[Any]", store.hgetall(broadcast_key(code, "shadow"))))
    found: dict[str, dict[str, int]] = {}
    for field, count in told.items():
        policy, was, would = field.decode().split()
        found.setdefault(policy, {})[f"{was}>{would}"] = int(count)
    return found


async def rows(store: Redis, code: str) -> list[Row]:
    """The comments of which they say different things, in the order of judging, at most `ROWS_KEPT`."""
    key = broadcast_key(code, "shadow-rows")
    told = cast("list[bytes]", await cast("Awaitable[Any]", store.lrange(key, 0, -1)))
    found = []
    for line in told:
        policy, comment, was, would = line.decode().split()
        found.append(Row(policy, comment, was, would, await _text(store, code, comment)))
    return found


async def _text(store: Redis, code: str, comment: str) -> str:
    log = broadcast_log(store, code)
    for entry in log.decode(cast("Any", await store.xrange(log.key, min=comment, max=comment, count=1))):
        if isinstance(entry.fact, CommentSubmitted):
            return entry.fact.text
    return ""
