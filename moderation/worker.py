"""The moderation worker: reads comments from the logs of all broadcasts, appends one verdict each.

Started by `streamhub moderate`. Workers share one consumer group: each comment goes to one of them, and
what a dead one took is taken over. A verdict is appended under `verdict:<comment>`, so a comment that two
workers judge (one died after appending) still has one. Never logs what people wrote.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from moderation.followed import Followed
from moderation.judge import FAILED, Verdict
from moderation.model.encoder import ModelUnusable
from moderation.normalise import Reading, read
from moderation.pipeline import Pipeline, load_model
from moderation.policy import Policy, load_policy
from moderation.recent import LONGEST_WINDOW_MS, Recent, Repeats
from streamhub.facts import CommentSubmitted
from streamhub.record.group import Taken, WorkerGroup
from streamhub.record.log import Log, NotRecorded
from streamhub.record.store import connect_follower
from streamhub.state.projection import Entry, position

log = logging.getLogger(__name__)

GROUP = "moderation"
BATCH = 32
"""Comments judged together."""

BLOCK_MS = 400
"""How long one read waits; also how soon a new broadcast is noticed and `stop` is obeyed."""

IDLE_MS = 5_000
"""What a worker took and did not finish in this time is taken over: longer than any batch takes."""

BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0)
"""Waits between tries while the store cannot be reached; the last one repeats."""

STORE_LOST = (RedisError, NotRecorded, OSError, TimeoutError)


async def run(
    store_url: str, *, model: str, data: Path, policy: Path | None, consumer: str, stop: asyncio.Event
) -> None:
    """Judge until `stop` is set; what was taken is finished first. Raises PolicyRefused, never for a lost store."""
    rules = load_policy(policy)
    with ThreadPoolExecutor(1, thread_name_prefix="judge") as thread:
        pipeline = await asyncio.get_running_loop().run_in_executor(thread, _pipeline, model, data, rules)
        log.info("moderation %s ready: model %s, policy %s", consumer, pipeline.model_name or "none", rules.version)
        async with _store(store_url) as store:
            await _Worker(store, consumer, pipeline, thread).work(stop)


def _pipeline(model: str, data: Path, rules: Policy) -> Pipeline:
    try:
        return Pipeline(load_model(model, data, log.info), rules)
    except ModelUnusable as error:
        log.error("the model cannot be used, everything the rules let pass is held for a person: %s", error)
        return Pipeline(None, rules)


@asynccontextmanager
async def _store(url: str) -> AsyncIterator[Redis]:
    store = connect_follower(url)
    try:
        yield store
    finally:
        with suppress(RedisError, OSError):
            await store.aclose()


class _Worker:
    """One worker's loop over all logs. Owns the only thread in which the pipeline runs."""

    def __init__(self, store: Redis, consumer: str, pipeline: Pipeline, thread: ThreadPoolExecutor) -> None:
        self._store = store
        self._consumer = consumer
        self._pipeline = pipeline
        self._thread = thread
        self._memories: dict[str, _Memory] = {}
        self._group = WorkerGroup(store, GROUP, consumer)
        self._followed = Followed(store, self._group)
        self._looked = -1e9

    async def work(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                for batch in await self._batches(stop):
                    await self._finish(batch)
                failures = 0
            except STORE_LOST as error:
                seconds = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                log.warning("store not reached (%s), trying again in %.1f s", type(error).__name__, seconds)
                failures += 1
                # What was taken stays pending and is taken over; a store that lost the group gets it anew.
                await self._group.close()
                self._group = WorkerGroup(self._store, GROUP, self._consumer)
                self._followed = Followed(self._store, self._group)
                await _pause(stop, seconds)
        await self._group.close()

    async def _batches(self, stop: asyncio.Event) -> list[Sequence[Taken]]:
        """What there is to do: first what others left, then what is new; waits at most BLOCK_MS."""
        if not await self._followed.look():
            await _pause(stop, BLOCK_MS / 1000)
            return []
        now = time.monotonic()
        left: list[Taken] = []
        if now - self._looked > IDLE_MS / 2000:
            left = await self._group.take_over(BATCH, IDLE_MS)
            self._looked = now
        taken = left or await self._group.take(BATCH, BLOCK_MS)
        return [taken[start : start + BATCH] for start in range(0, len(taken), BATCH)]

    async def _finish(self, batch: Sequence[Taken]) -> None:
        """Judge and record; only then tell the group that these entries are done.

        A log whose server cannot be reached is left out, and its entries are taken over later; raises only if
        there is no other."""
        lost = _Lost()
        comments: list[Taken] = []
        judged: list[tuple[Reading, Repeats]] = []
        for key, entry in batch:
            if isinstance(entry.fact, CommentSubmitted) and key not in lost.why:
                async with lost.spare(key):
                    judged.append(await self._look(key, entry))
                    comments.append((key, entry))
        for (key, entry), verdict in zip(comments, await self._judge(comments, judged) if judged else [], strict=True):
            fact = verdict.of(entry.id, model=self._pipeline.model_name, policy=self._pipeline.policy.version)
            if key not in lost.why:
                async with lost.spare(key):
                    await self._group.log(key).append(fact, once=f"verdict:{entry.id}")
        keys = {key for key, _ in batch}
        for key in keys - lost.why.keys():
            mine = [entry for other, entry in batch if other == key]
            async with lost.spare(key):
                await self._group.done(key, *(entry.id for entry in mine))
                self._followed.note(key, mine)
        if lost.why.keys() == keys:
            raise lost.why.popitem()[1]

    async def _look(self, key: str, entry: Entry) -> tuple[Reading, Repeats]:
        if key not in self._memories:
            self._memories[key] = _Memory(entry.id)
        memory = self._memories[key]
        await memory.catch_up(self._group.log(key), entry.id)
        reading = read(entry.fact.text)
        window = self._pipeline.policy.repetition.window_seconds * 1000
        return reading, memory.recent.repeats(entry.id, entry.fact.viewer, reading, window)

    async def _judge(self, comments: Sequence[Taken], readings: list[tuple[Reading, Repeats]]) -> list[Verdict]:
        """Off the event loop. A comment that breaks a check is held, and takes no other comment with it."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._pipeline.judge, readings)
        except Exception as error:  # noqa: BLE001 (whatever a check or the model raises: a person decides)
            if len(comments) == 1:
                key, entry = comments[0]
                log.error("judging %s in %s failed: %s", entry.id, key, type(error).__name__)
                return [FAILED]
        return [
            (await self._judge([comment], [reading]))[0] for comment, reading in zip(comments, readings, strict=True)
        ]


class _Lost:
    """The logs whose server could not be reached in this turn, and why."""

    def __init__(self) -> None:
        self.why: dict[str, Exception] = {}

    @asynccontextmanager
    async def spare(self, key: str) -> AsyncIterator[None]:
        try:
            yield
        except STORE_LOST as error:
            self.why[key] = error


class _Memory:
    """What was said lately in one broadcast, read from its log from a window before the first comment on."""

    def __init__(self, entry_id: str) -> None:
        self.recent = Recent()
        self._after = f"{max(position(entry_id)[0] - LONGEST_WINDOW_MS, 0)}-0"

    async def catch_up(self, log_: Log, entry_id: str) -> None:
        while position(self._after) < position(entry_id):
            entries = await log_.read(self._after)
            if not entries:
                return
            for entry in entries:
                if isinstance(entry.fact, CommentSubmitted):
                    self.recent.note(entry.id, entry.fact.viewer, read(entry.fact.text))
            self._after = entries[-1].id


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
