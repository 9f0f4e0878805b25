"""The log of one broadcast or campaign: append a fact once, read, follow.

Guarantees: `append` returns only after the store has the fact (and, embedded, has it on disk; with replicas, when
as many as the address asks for have it); the same `once` never makes two entries; entries are read in the order of
their ids. Callers: the hub (append, follow), the moderation worker (`group.py`), the board worker, the archive.
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

from streamhub.campaign_facts import CampaignFact
from streamhub.facts import BroadcastFact
from streamhub.record.primary import do_confirmed, durability_of, read_now, read_on, run_confirmed
from streamhub.record.store import ANSWER_SECONDS
from streamhub.state.projection import START, Entry

log = logging.getLogger(__name__)

READ_COUNT = 500
"""Entries fetched at a time by who follows a log: two milliseconds of decoding."""

SLICE = 100
"""Entries of a history that are fetched, decoded and folded at a time: a millisecond or two of one turn of the loop."""

ERASURES = "erasures"
"""Part of a key: how often something was taken out of this log."""
ALL_ERASURES = "streamhub:erasures"
"""The same of all logs: whoever keeps the store's file writes it anew then, without what was taken out."""

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
                entry_id, fresh = await run_confirmed(
                    self.store,
                    self._append_once,
                    [self.key, self._once_key],
                    [once, *map(_ENCODER.encode, facts)],
                )
                if not fresh:
                    await self._confirm_again(once, entry_id)
        except (RedisError, OSError, TimeoutError) as error:
            raise NotRecorded(f"{self.key}: {type(error).__name__}", error) from error
        return Appended(entry_id.decode(), bool(fresh))

    async def erase(self, *entries: str) -> None:
        """Take entries out of the log, confirmed as an append is, and the snapshot that may hold them; one that is
        being made is not kept. The fact that says so is in the log already. Raises NotRecorded."""
        key = self.key.removesuffix("log")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await do_confirmed(self.store, "INCR", key + ERASURES)
                await do_confirmed(self.store, "XDEL", self.key, *entries)
                await do_confirmed(self.store, "DEL", key + "snapshot")
                await do_confirmed(self.store, "INCR", ALL_ERASURES)
        except (RedisError, OSError, TimeoutError) as error:
            raise NotRecorded(f"{self.key}: {type(error).__name__}", error) from error

    async def known(self, once: str) -> str | None:
        """The entry that an earlier append with this `once` made, confirmed as an append is."""
        entry_id = cast("bytes | None", await cast("Awaitable[Any]", self.store.hget(self._once_key, once)))
        if entry_id:
            await self._confirm_again(once, entry_id)
        return entry_id.decode() if entry_id else None

    async def _confirm_again(self, once: str, entry_id: bytes) -> None:
        """A WAIT covers only what was written on its own connection: so the mark is written once more, unchanged."""
        if durability_of(self.store).confirms:
            await do_confirmed(self.store, "HSET", self._once_key, once, entry_id)

    async def read(self, after: str = START, count: int = READ_COUNT) -> list[Entry]:
        """The next entries after a position, at most `count`."""
        return self.decode(await self._range(after, count))

    async def all(self, after: str = START) -> AsyncIterator[Entry]:
        """Every entry after a position up to the current end."""
        while True:
            rows = await self._range(after, SLICE)
            for entry in self.decode(rows):
                yield entry
            if len(rows) < SLICE:
                return
            after = rows[-1][0].decode()

    async def last_id(self) -> str:
        rows = cast("list[Row]", await self.store.xrevrange(self.key, count=1))
        return rows[0][0].decode() if rows else START

    async def _range(self, after: str, count: int) -> list[Row]:
        return cast("list[Row]", await self.store.xrange(self.key, min=f"({after}", count=count))

    async def wait(self, after: str, block_ms: int) -> list[Entry]:
        """New entries after a position; an empty list when none came in time. Raises Forked if the log does not go
        on from there: another server took over, and had not got that entry."""
        answer = await read_on(self.store, self.key, after, count=READ_COUNT, block_ms=block_ms)
        return self.decode(rows_of(answer, self.key))

    async def read_on(self, after: str) -> list[Entry]:
        """As `read`, for who follows the log: raises Forked as `wait` does."""
        return self.decode(await read_now(self.store, self.key, after, count=READ_COUNT))

    async def still_has(self, entry_id: str) -> bool:
        """Whether an entry that was shown is in the log still; asks only where another server may have taken over."""
        return not durability_of(self.store).fails_over or await self.has(entry_id)

    async def has(self, entry_id: str) -> bool:
        """Whether this entry is in the log (START always is)."""
        return entry_id == START or bool(await self.store.xrange(self.key, min=entry_id, max=entry_id, count=1))

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


async def stop_following(*tasks: asyncio.Task[Any] | None) -> None:
    """End tasks that wait on a log. One cancellation is not enough: the client may swallow it when the answer
    arrives at the same moment, and the task would wait on."""
    waiting = {task for task in tasks if task is not None}
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=0.2)


def rows_of(answer: Any, key: str) -> list[Row]:
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
