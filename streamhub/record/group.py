"""Several logs of one kind, shared among workers: each entry goes to one of them.

Called by the moderation worker. What a dead worker took and did not finish is taken over by the others. On a
Cluster a command may name the logs of one slot only: then one read per slot waits, and one that cannot be reached
does not stop the rest.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from streamhub.facts import BroadcastFact
from streamhub.record.log import Log, Row, rows_of, stop_following
from streamhub.record.primary import on_primary, one_command_each
from streamhub.state.projection import Entry

log = logging.getLogger(__name__)

SLOT_BLOCK_MS = 2000
"""How long the read of one slot waits, among several; below the time that an answer may take."""

REST_SECONDS = 0.5
"""How long a slot rests that could not be read."""

PENDING_LIMIT = 1000
"""Unfinished entries of one log that are looked at, the oldest."""

Taken = tuple[str, Entry]
"""A log's key and an entry of it."""


class _Delivery(NamedTuple):
    """To whom an entry was given last, and how often it had been given to somebody."""

    entry_id: bytes
    consumer: bytes
    times: int


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
        self._pending: dict[str, dict[_Delivery, float]] = {}

    async def add(self, key: str) -> None:
        """Share this log too, from its beginning."""
        if key in self._logs:
            return
        await self._create(key)
        self._logs[key] = Log(self.store, key, self._facts)
        self._groups = one_command_each(self.store, list(self._logs))

    def remove(self, key: str) -> None:
        """Read it no more. What other workers took of it is theirs."""
        self._pending.pop(key, None)
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
        """Entries that some worker took more than `idle_ms` ago and never finished, at most `count` of each log.

        The store's clock says how long ago that was. If it was set back meanwhile, it would say nothing until it has
        caught up: so what this worker has seen waiting for as long, by its own clock, is taken too."""
        taken = []
        for key, log_ in self._logs.items():
            try:
                rows = await self._claim(key, count, idle_ms)
            except (RedisError, OSError, TimeoutError):
                if len(self._groups) == 1:
                    raise
                continue  # its slot is said by the one who reads it
            taken += [(key, entry) for entry in log_.decode(rows)]
        return taken

    async def _claim(self, key: str, count: int, idle_ms: int) -> list[Row]:
        now = time.monotonic()
        found: Any = await self.store.xpending_range(key, self.name, min="-", max="+", count=PENDING_LIMIT)
        idle = {
            _Delivery(row["message_id"], row["consumer"], row["times_delivered"]): int(row["time_since_delivered"])
            for row in found
        }
        known = self._pending.get(key, {})
        since = self._pending[key] = {delivery: known.get(delivery, now) for delivery in idle}
        overdue: list[Any] = [delivery.entry_id for delivery in idle if idle[delivery] >= idle_ms]
        stuck: list[Any] = [delivery.entry_id for delivery in idle if now - since[delivery] >= idle_ms / 1000]
        # Where two workers try at once, the store leaves what is overdue to the first; what is stuck both get, and the
        # `once` of what they make of it keeps that single.
        ours, least = (overdue, idle_ms) if overdue else (stuck, 0)
        if not ours:
            return []
        return cast("list[Row]", await self.store.xclaim(key, self.name, self.consumer, least, ours[:count]))

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
