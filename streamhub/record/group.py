"""Several logs of one kind, shared among workers: each entry goes to one of them.

Called by the moderation worker. What a dead worker took and did not finish is taken over by the others. On a
Cluster a command may name the logs of one slot only: then one read per slot waits, and one that cannot be reached
does not stop the rest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from streamhub.facts import BroadcastFact
from streamhub.record.log import Log, rows_of, stop_following
from streamhub.record.primary import on_primary, one_command_each
from streamhub.state.projection import Entry

log = logging.getLogger(__name__)

SLOT_BLOCK_MS = 2000
"""How long the read of one slot waits, among several; below the time that an answer may take."""

REST_SECONDS = 0.5
"""How long a slot rests that could not be read."""

Taken = tuple[str, Entry]
"""A log's key and an entry of it."""


class WorkerGroup:
    """`name` is the group's, `consumer` this worker's own."""

    def __init__(self, store: Redis, name: str, consumer: str, facts: Any = BroadcastFact) -> None:
        self.store = store
        self.name = name
        self.consumer = consumer
        self._facts = facts
        self._logs: dict[str, Log] = {}
        self._groups: list[list[str]] = []
        self._reading: dict[str, asyncio.Task[list[Taken]]] = {}

    async def add(self, key: str) -> None:
        """Share this log too, from its beginning."""
        if key in self._logs:
            return
        await self._create(key)
        self._logs[key] = Log(self.store, key, self._facts)
        self._groups = one_command_each(self.store, list(self._logs))

    def remove(self, key: str) -> None:
        """Read it no more. What other workers took of it is theirs."""
        if self._logs.pop(key, None) is not None:
            self._groups = one_command_each(self.store, list(self._logs))

    def keys(self) -> set[str]:
        return set(self._logs)

    def log(self, key: str) -> Log:
        return self._logs[key]

    async def take(self, count: int, block_ms: int) -> list[Taken]:
        """The next entries that no other worker has, as (log key, entry)."""
        if not self._groups:
            return []
        if len(self._groups) == 1 and not self._reading:
            return await self._read(self._groups[0], count, block_ms)
        for keys in self._groups:
            if keys[0] not in self._reading:
                self._reading[keys[0]] = asyncio.create_task(self._read_slot(keys, count))
        done, _ = await asyncio.wait(
            self._reading.values(), timeout=block_ms / 1000, return_when=asyncio.FIRST_COMPLETED
        )
        finished = [first for first, reading in self._reading.items() if reading in done]
        return [taken for first in finished for taken in self._reading.pop(first).result()]

    async def take_over(self, count: int, idle_ms: int) -> list[Taken]:
        """Entries that some worker took more than `idle_ms` ago and never finished."""
        taken = []
        for key, log_ in self._logs.items():
            try:
                _, rows, *_ = await self.store.xautoclaim(
                    key, self.name, self.consumer, min_idle_time=idle_ms, start_id="0", count=count
                )
            except (RedisError, OSError, TimeoutError):
                if len(self._groups) == 1:
                    raise
                continue  # its slot is said by the one who reads it
            taken += [(key, entry) for entry in log_.decode(rows)]
        return taken

    async def done(self, key: str, *entry_ids: str) -> None:
        """These entries are dealt with and are not handed out again."""
        if entry_ids:
            await self.store.xack(key, self.name, *entry_ids)

    async def finished(self, key: str) -> bool:
        """Whether every entry of this log was handed out and dealt with, by all workers together."""
        for group in await self.store.xinfo_groups(key):
            if group["name"] == self.name.encode():
                return not group["pending"] and group["last-delivered-id"].decode() == await self._logs[key].last_id()
        return False

    async def close(self) -> None:
        await stop_following(*self._reading.values())
        self._reading.clear()

    async def _create(self, key: str) -> None:
        try:
            await self.store.xgroup_create(key, self.name, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _read(self, keys: Sequence[str], count: int, block_ms: int) -> list[Taken]:
        answer = await on_primary(
            self.store,
            keys[0],
            lambda primary: primary.xreadgroup(
                self.name, self.consumer, dict.fromkeys(keys, ">"), count=count, block=block_ms
            ),
        )
        return [
            (key, entry) for key in keys if key in self._logs for entry in self._logs[key].decode(rows_of(answer, key))
        ]

    async def _read_slot(self, keys: Sequence[str], count: int) -> list[Taken]:
        """Never fails: a slot whose server cannot be reached rests, and so do its logs alone."""
        try:
            return await self._read(keys, count, SLOT_BLOCK_MS)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("the logs of one slot cannot be read (%s), trying again", type(error).__name__)
            await asyncio.sleep(REST_SECONDS)
            if "NOGROUP" in str(error):
                with suppress(RedisError, OSError, TimeoutError):
                    for key in keys:
                        await self._create(key)
            return []
