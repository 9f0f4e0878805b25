"""The log of one broadcast or campaign: append a fact once, read, follow, share among workers.

Guarantees: `append` returns only after the store has the fact (and, embedded, has it on disk); the same
`once` never makes two entries; entries are read in the order of their ids. Callers: the hub (append,
follow), the moderation worker (`WorkerGroup`), the board worker, the archive.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable
from importlib.resources import files
from typing import Any, NamedTuple, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from streamhub.facts import BroadcastFact, CampaignFact
from streamhub.record.store import ANSWER_SECONDS
from streamhub.state.projection import START, Entry

log = logging.getLogger(__name__)

READ_COUNT = 1000
"""Entries fetched at a time."""

_APPEND_ONCE = files("streamhub.record").joinpath("append_once.lua").read_text("utf-8")
_ENCODER = msgspec.json.Encoder()

Row = tuple[bytes, dict[bytes, bytes]]
"""An entry as the store gives it: id and fields; ours have one field, `f`, the fact as JSON."""


class NotRecorded(Exception):
    """The store did not confirm the append: nobody may be told that it happened.

    A retry with the same `once` is safe. `advice` is for whoever asked."""

    def __init__(self, what: str, error: Exception | None = None) -> None:
        super().__init__(what)
        full = isinstance(error, ResponseError)
        self.advice = "the store takes nothing now, its disk may be full" if full else "could not be recorded"
        self.advice += ": not accepted, try again"


class Appended(NamedTuple):
    id: str
    fresh: bool
    """False if an earlier call with the same `once` had appended it."""


def broadcast_key(code: str, part: str = "log") -> str:
    """Keys of one broadcast share a hash tag, so a cluster keeps them in one slot."""
    return f"{{b:{code}}}:{part}"


def campaign_key(campaign: str, part: str = "log") -> str:
    return f"{{c:{campaign}}}:{part}"


class Log:
    """One stream. `facts` is the union that its entries are decoded to."""

    def __init__(self, store: Redis, key: str, facts: Any) -> None:
        self.store = store
        self.key = key
        self._once_key = key.removesuffix("log") + "once"
        self._decoder = msgspec.json.Decoder(facts)
        self._append_once = store.register_script(_APPEND_ONCE)

    async def append(self, *facts: Any, once: str) -> Appended:
        """Record a fact, or several that belong together, under its `once`; raises NotRecorded. All or none."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):  # connecting anew to a store that hangs would take three times
                entry_id, fresh = await self._append_once(
                    keys=[self.key, self._once_key], args=[once, *map(_ENCODER.encode, facts)]
                )
        except (RedisError, OSError, TimeoutError) as error:
            raise NotRecorded(f"{self.key}: {type(error).__name__}", error) from error
        return Appended(entry_id.decode(), bool(fresh))

    async def known(self, once: str) -> str | None:
        """The entry that an earlier append with this `once` made."""
        entry_id = cast("bytes | None", await cast("Awaitable[Any]", self.store.hget(self._once_key, once)))
        return entry_id.decode() if entry_id else None

    async def read(self, after: str = START, count: int = READ_COUNT) -> list[Entry]:
        """The next entries after a position, at most `count`."""
        return self.decode(await self._range(after, count))

    async def all(self, after: str = START) -> AsyncIterator[Entry]:
        """Every entry after a position up to the current end."""
        while rows := await self._range(after, READ_COUNT):
            for entry in self.decode(rows):
                yield entry
            after = rows[-1][0].decode()

    async def last_id(self) -> str:
        rows = cast("list[Row]", await self.store.xrevrange(self.key, count=1))
        return rows[0][0].decode() if rows else START

    async def _range(self, after: str, count: int) -> list[Row]:
        return cast("list[Row]", await self.store.xrange(self.key, min=f"({after}", count=count))

    async def wait(self, after: str, block_ms: int) -> list[Entry]:
        """New entries after a position; an empty list when none came in time."""
        answer = await self.store.xread({self.key: after}, count=READ_COUNT, block=block_ms)
        return self.decode(_rows(answer, self.key))

    def decode(self, rows: Iterable[Row]) -> list[Entry]:
        """An entry of a kind that this version does not know keeps its place, with None for its fact."""
        entries = []
        for entry_id, fields in rows:
            try:
                fact = self._decoder.decode(fields[b"f"])
            except (msgspec.ValidationError, msgspec.DecodeError, KeyError):
                log.warning("unreadable entry %s in %s", entry_id.decode(), self.key)
                fact = None
            entries.append(Entry(entry_id.decode(), fact))
        return entries


def broadcast_log(store: Redis, code: str) -> Log:
    return Log(store, broadcast_key(code), BroadcastFact)


def campaign_log(store: Redis, campaign: str, facts: Any = CampaignFact) -> Log:
    return Log(store, campaign_key(campaign), facts)


class WorkerGroup:
    """Several logs of the same kind, shared among workers of one name: each entry goes to one of them.

    What a dead worker took and did not finish is taken over by the others after `idle_ms`.
    """

    def __init__(self, store: Redis, name: str, consumer: str, facts: Any = BroadcastFact) -> None:
        self.store = store
        self.name = name
        self.consumer = consumer
        self._facts = facts
        self._logs: dict[str, Log] = {}

    async def add(self, key: str) -> None:
        """Share this log too, from its beginning."""
        if key in self._logs:
            return
        try:
            await self.store.xgroup_create(key, self.name, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._logs[key] = Log(self.store, key, self._facts)

    def log(self, key: str) -> Log:
        return self._logs[key]

    async def take(self, count: int, block_ms: int) -> list[tuple[str, Entry]]:
        """The next entries that no other worker has, as (log key, entry)."""
        if not self._logs:
            return []
        answer = await self.store.xreadgroup(
            self.name, self.consumer, dict.fromkeys(self._logs, ">"), count=count, block=block_ms
        )
        return [(key, entry) for key, log_ in self._logs.items() for entry in log_.decode(_rows(answer, key))]

    async def take_over(self, count: int, idle_ms: int) -> list[tuple[str, Entry]]:
        """Entries that some worker took more than `idle_ms` ago and never finished."""
        taken = []
        for key, log_ in self._logs.items():
            _, rows, *_ = await self.store.xautoclaim(
                key, self.name, self.consumer, min_idle_time=idle_ms, start_id="0", count=count
            )
            taken += [(key, entry) for entry in log_.decode(rows)]
        return taken

    async def done(self, key: str, *entry_ids: str) -> None:
        """These entries are dealt with and are not handed out again."""
        if entry_ids:
            await self.store.xack(key, self.name, *entry_ids)


async def stop_following(*tasks: asyncio.Task[Any] | None) -> None:
    """End tasks that wait on a log. One cancellation is not enough: the client may swallow it when the answer
    arrives at the same moment, and the task would wait on."""
    waiting = {task for task in tasks if task is not None}
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=0.2)


def _rows(answer: Any, key: str) -> list[Row]:
    """The rows of one stream out of an XREAD answer, which redis-py gives as a list or a dict by protocol."""
    if not answer:
        return []
    pairs = answer.items() if isinstance(answer, dict) else answer
    found: list[Row] = []
    for name, rows in pairs:
        if name == key.encode():
            for row in rows:
                found.extend(row if isinstance(row, list) else [cast("Row", row)])
    return found
