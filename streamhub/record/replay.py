"""Log -> state: the latest snapshot, if it fits, and the tail after it. Same result as the whole log."""

from __future__ import annotations

import msgspec
from redis.asyncio import Redis

from streamhub.record.log import broadcast_key, broadcast_log
from streamhub.state.broadcast import VERSION, BroadcastState, advance


class Snapshot(msgspec.Struct):
    version: int
    state: BroadcastState


async def replay(store: Redis, code: str) -> BroadcastState:
    """The state of a broadcast at the current end of its log (`state.as_of`); empty for an unknown code."""
    log = broadcast_log(store, code)
    state = await _load(store, code)
    if state is None or not await log.has(state.as_of):  # kept by a hub that had seen what a fail-over then lost
        state = BroadcastState()
    async for entry in log.all(state.as_of):
        advance(state, entry)
    return state


async def keep_snapshot(store: Redis, code: str, state: BroadcastState) -> None:
    """Optional and rebuildable: only makes the next replay shorter."""
    await store.set(broadcast_key(code, "snapshot"), msgspec.json.encode(Snapshot(VERSION, state)))


async def _load(store: Redis, code: str) -> BroadcastState | None:
    kept = await store.get(broadcast_key(code, "snapshot"))
    if kept is None:
        return None
    try:
        snapshot = msgspec.json.decode(kept, type=Snapshot)
    except msgspec.MsgspecError:
        return None
    return snapshot.state if snapshot.version == VERSION else None
