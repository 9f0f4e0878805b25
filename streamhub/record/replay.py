"""Log -> state: the latest snapshot, if it fits, and the tail after it. Same result as the whole log.

Called by whoever opens a broadcast. However long it is, the event loop is never held for more than a slice of it.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import cast

import msgspec
from redis.asyncio import Redis

from streamhub.record.log import SLICE, Log, broadcast_key, broadcast_log
from streamhub.record.pace import Pace
from streamhub.record.parts import begun, lines, take
from streamhub.state.broadcast import BroadcastState, advance

PIECE_BYTES = 64 * 1024
"""Of a snapshot, read or written at once: a hundred comments or so."""

ATTEMPTS = 3
"""At reading a snapshot that is replaced meanwhile."""

WRITING_SECONDS = 600
"""A snapshot whose writing was broken off disappears after so long."""


async def replay(store: Redis, code: str, pace: Pace | None = None) -> BroadcastState:
    """The state of a broadcast at the current end of its log (`state.as_of`); empty for an unknown code.

    Nobody sees it before it is whole: what is appended meanwhile is in it, or is what follows on `as_of`."""
    pace = pace or Pace()
    log = broadcast_log(store, code)
    state = await _load(store, log, broadcast_key(code, "snapshot"), pace) or BroadcastState()
    while True:
        entries = await log.read(state.as_of, SLICE)
        async with pace:
            for entry in entries:
                advance(state, entry)
        if len(entries) < SLICE:  # the end, at that moment; where people go on talking it is always a little further
            return state


async def keep_snapshot(store: Redis, code: str, state: BroadcastState, pace: Pace | None = None) -> None:
    """Optional and rebuildable: only makes the next replay shorter. Nobody changes the state meanwhile. Written beside
    the one before, which it replaces in one step."""
    pace, stamp = pace or Pace(), secrets.token_hex(8)
    key, beside = broadcast_key(code, "snapshot"), broadcast_key(code, f"snapshot:{stamp}")
    await store.set(beside, b"", ex=WRITING_SECONDS)
    making = lines(state, stamp)
    while True:
        async with pace:
            piece = _piece(making)
        if not piece:
            break
        await store.append(beside, piece)
    await store.rename(beside, key)
    await store.persist(key)


def _piece(making: Iterator[bytes]) -> bytes:
    piece = bytearray()
    for line in making:
        piece += line + b"\n"
        if len(piece) >= PIECE_BYTES:
            break
    return bytes(piece)


async def _load(store: Redis, log: Log, key: str, pace: Pace) -> BroadcastState | None:
    """The state of the latest snapshot. None where there is none that can be read; or it was kept by a hub that had
    seen what a fail-over then lost."""
    for _ in range(ATTEMPTS):
        first, newline, rest = (await _read(store, key, 0, PIECE_BYTES)).partition(b"\n")
        if not newline:  # of a version that wrote no lines
            return None
        head, missing = None, 0
        try:
            head = begun(first)
            if head is None or not await log.has(head.state.as_of):
                return None
            missing = head.parts
            async for parts in _lines(store, key, rest):
                async with pace:
                    for part in parts:
                        take(head.state, part)
                missing -= len(parts)
        except (msgspec.MsgspecError, KeyError):
            head = None
        if await _read(store, key, 0, len(first)) == first:
            return head.state if head and not missing else None
    return None


async def _lines(store: Redis, key: str, rest: bytes) -> AsyncIterator[list[bytes]]:
    """Whole lines after the first piece's `rest`, as many as each piece completes."""
    at = PIECE_BYTES
    while True:
        *whole, rest = rest.split(b"\n")
        yield whole
        piece = await _read(store, key, at, PIECE_BYTES)
        if not piece:
            return
        at += len(piece)
        rest += piece


async def _read(store: Redis, key: str, at: int, count: int) -> bytes:
    return cast("bytes", await store.getrange(key, at, at + count - 1))
