"""Snapshots of live broadcasts, so that a hub that opens one need not read its whole log.

Run by the board worker and not by the hubs, whose time is the viewers': 20,000 comments take some 50 ms to write.
Optional: whatever is missing here is read from the log (`replay.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.record.directory import live
from streamhub.record.log import ERASURES, broadcast_key
from streamhub.record.replay import keep_snapshot, replay
from streamhub.record.store import connect

log = logging.getLogger(__name__)

EVERY = 2000
"""Entries after which a broadcast's snapshot is made anew: what a hub reads of the log when it opens one, at most."""

LOOK_SECONDS = 10.0


async def run(store_url: str, *, stop: asyncio.Event) -> None:
    """Until `stop` is set. An unreachable store is waited for."""
    store = connect(store_url)
    lengths: dict[str, int] = {}
    try:
        while not stop.is_set():
            try:
                lengths = await keep(store, lengths)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("snapshots: the store does not answer (%s), trying again", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
    finally:
        await store.aclose()


async def keep(store: Redis, lengths: dict[str, int]) -> dict[str, int]:
    """Look at every live broadcast once. `lengths`: code -> entries that its log had when its snapshot was made;
    returns them as they are now."""
    found = {}
    for code in await live(store):
        length = int(await store.xlen(broadcast_key(code)))
        found[code] = lengths.get(code, 0)
        if length - found[code] >= EVERY:
            erasures = await store.get(broadcast_key(code, ERASURES))
            await keep_snapshot(store, code, await replay(store, code))
            if await store.get(broadcast_key(code, ERASURES)) == erasures:
                found[code] = length
            else:  # it may hold what was erased while it was made
                await store.delete(broadcast_key(code, "snapshot"))
    return found
