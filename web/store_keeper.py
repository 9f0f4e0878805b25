"""Keep the embedded Valkey running: start it again when it dies, and refuse writes while the disk is full.

Called by `serve.py`. With a sync before every answer a real Valkey exits when it cannot write its file, and would
do so again at the next write; so it is started without taking writes until there is room, and pages go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.record.log import ALL_ERASURES
from streamhub.record.store import EmbeddedValkey, StoreFailed

log = logging.getLogger(__name__)

BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before it is started again, and before writes are taken again after one failed; the last one repeats."""

STEADY_SECONDS = 30.0
"""A store that ran for so long starts again without delay."""

LOOK_SECONDS = 1.0
RESERVE_BYTES = 32 * 1024 * 1024
"""With less free than this nothing more is taken: better told than tried. Taken again at twice as much."""

PROBE_BYTES = 1024 * 1024
"""What must be writable before writes are taken again: quotas and limits do not show as a full disk."""

REFUSE = ("--min-replicas-to-write", "1")
"""Valkey's own way to answer reads and refuse every write: no embedded store has a replica."""


class StoreKeeper:
    """One per `serve`. `note` is told the process id whenever there is a new one."""

    def __init__(self, valkey: EmbeddedValkey, note: Callable[[int], None]) -> None:
        self._valkey = valkey
        self._note = note
        self._failures = 0
        self._started = self._looked = self._taken_again = 0.0
        self._refusing = False
        self._written_anew: bytes | str | None = None
        self._client = Redis(unix_socket_path=valkey.socket, socket_timeout=5)

    async def start(self) -> None:
        """Return when it answers; raises StoreFailed."""
        await _end_orphan(self._valkey)
        await self._start()

    async def keep(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await _pause(stop, 0.1)
            if not self._valkey.alive:
                await self._again(stop)
            elif time.monotonic() - self._looked > LOOK_SECONDS:
                self._looked = time.monotonic()
                await self._look_at_disk()
                await self._write_anew()

    async def end(self) -> None:
        """What it was told is written out first."""
        await self._client.aclose()
        await asyncio.to_thread(self._valkey.stop)

    async def _start(self) -> None:
        free = shutil.disk_usage(self._valkey.folder if self._valkey.folder.exists() else Path.cwd()).free
        self._refusing = self._refusing or free < RESERVE_BYTES
        self._started = time.monotonic()
        self._valkey.start(*(REFUSE if self._refusing else ()))
        self._note(self._valkey.pid or 0)
        await self._valkey.ready()

    async def _again(self, stop: asyncio.Event) -> None:
        steady = time.monotonic() - self._started > STEADY_SECONDS
        self._failures = 0 if steady else self._failures
        pause = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
        self._failures += 1
        if (self._valkey.status or 0) > 0:  # it left by itself: it could not write
            log.error("the store gave up (valkey.log in %s says why): no writes for a while", self._valkey.folder)
            self._refusing = True
            self._taken_again = time.monotonic() + max(pause, LOOK_SECONDS)
            pause = 0.0
        log.warning("the store ended (%s); starting it again in %g s", self._valkey.status, pause)
        await _pause(stop, pause)
        if stop.is_set():
            return
        try:
            await self._start()
        except StoreFailed as error:
            log.error("%s", error)

    async def _look_at_disk(self) -> None:
        """Stop taking writes before the disk is full; take them again when there is room."""
        free = shutil.disk_usage(self._valkey.folder).free
        if not self._refusing and free < RESERVE_BYTES:
            log.error("the disk of %s is full: nothing is taken until there is room", self._valkey.folder)
            await self._take(taking=False)
        elif self._refusing and await self._has_room(free):
            log.warning("the store can write to %s again", self._valkey.folder)
            await self._take(taking=True)

    async def _write_anew(self) -> None:
        """Valkey's file holds what was erased until it is written anew: at once, or when an earlier writing is over."""
        with contextlib.suppress(RedisError, OSError):
            erasures = await self._client.get(ALL_ERASURES)
            if erasures != self._written_anew:
                await self._client.bgrewriteaof()
                self._written_anew = erasures

    async def _has_room(self, free: int) -> bool:
        if free < 2 * RESERVE_BYTES or time.monotonic() < self._taken_again:
            return False
        return await asyncio.to_thread(_can_write, self._valkey.folder)

    async def _take(self, *, taking: bool) -> None:
        with contextlib.suppress(RedisError, OSError):
            await self._client.config_set("min-replicas-to-write", 0 if taking else 1)
            self._refusing = not taking


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


async def _end_orphan(valkey: EmbeddedValkey) -> None:
    """A store left over from a `serve` that was killed writes its log out and leaves; ours then loads it."""
    if not Path(valkey.socket).exists():
        return
    async with Redis(unix_socket_path=valkey.socket, socket_timeout=5) as client:
        with contextlib.suppress(RedisError, OSError):
            await client.shutdown()
        for _ in range(100):
            try:
                await client.ping()
            except (RedisError, OSError):
                return
            await asyncio.sleep(0.05)
    raise StoreFailed("a store of an earlier run is still busy with this data folder; try again in a moment")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
