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
from functools import partial
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from moderation import shadow as shadow_
from moderation.applause import applause
from moderation.campaign_words import CampaignWords
from moderation.followed import Followed
from moderation.haste import CALM_BATCH, Haste
from moderation.judge import FAILED, Heard, Verdict
from moderation.lost import STORE_LOST, Lost
from moderation.memory import TIDY_SECONDS, Memory, tidy
from moderation.model.encoder import ModelUnusable
from moderation.pipeline import Force, Pipeline, load_model
from moderation.policy import Policy
from moderation.policy.file import Policies, PolicyFile
from streamhub.facts import BroadcastFact, CommentSubmitted, HousePolicyChanged
from streamhub.record import moderation_status
from streamhub.record.group import Taken, WorkerGroup
from streamhub.record.log import Log
from streamhub.record.store import connect_follower
from streamhub.state.projection import Entry

log = logging.getLogger(__name__)

GROUP = "moderation"
TELL_SECONDS = 1.0
"""How often the desk is told how the moderation fares."""

BLOCK_MS = 400
"""How long one read waits; also how soon a new broadcast is noticed and `stop` is obeyed."""

IDLE_MS = 5_000
"""What a worker took and did not finish in this time is taken over: longer than any batch takes."""

BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0)
"""Waits between tries while the store cannot be reached; the last one repeats."""


async def run(
    store_url: str,
    *,
    model: str,
    data: Path,
    policy: Path | None,
    consumer: str,
    stop: asyncio.Event,
    shadow: Path | None = None,
    home: str = "",
) -> None:
    """Judge until `stop` is set; what was taken is finished first. Raises PolicyRefused, never for a lost store.

    `home` is the address of this StreamHub: whoever passes it on advertises nothing."""
    policies = Policies(PolicyFile(policy), PolicyFile(shadow) if shadow else None)
    rules = policies.house.current()
    with ThreadPoolExecutor(1, thread_name_prefix="judge") as thread:
        pipeline = await asyncio.get_running_loop().run_in_executor(thread, _pipeline, model, data, rules)
        log.info("moderation %s ready: model %s, policy %s", consumer, pipeline.model_name or "none", rules.version)
        async with _store(store_url) as store:
            await _Worker(store, consumer, pipeline, thread, policies, home).work(stop)


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

    def __init__(
        self, store: Redis, consumer: str, pipeline: Pipeline, thread: ThreadPoolExecutor, policies: Policies, home: str
    ) -> None:
        self._store = store
        self._home = home
        self._consumer = consumer
        self._pipeline = pipeline
        self._thread = thread
        self._policies = policies
        self._haste = Haste()
        self._memories: dict[str, Memory] = {}
        self._campaign_words = CampaignWords(store)
        self._hasty: set[str] = set()
        """Logs with new provisional verdicts of ours, which are read before the second look."""
        self._group = WorkerGroup(store, GROUP, consumer)
        self._followed = Followed(store, self._group)
        self._looked = self._told = self._tidied = -1e9

    async def work(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                batches = await self._batches(stop)
                for batch in batches:
                    await self._finish(batch)
                if not batches:
                    self._haste.rest()
                await self._tell()
                if time.monotonic() - self._tidied > TIDY_SECONDS:
                    self._tidied = time.monotonic()
                    tidy(self._memories, needed={*self._group.keys(), *self._hasty})
                if not batches and not await self._look_again():
                    await self._open_one()
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
            left = await self._group.take_over(CALM_BATCH, IDLE_MS)
            self._looked = now
        wait_ms = 1 if self._hasty or any(memory.owed for memory in self._memories.values()) else BLOCK_MS
        size = self._haste.batch
        taken = left or await self._group.take(size, wait_ms)
        return [taken[start : start + size] for start in range(0, len(taken), size)]

    async def _finish(self, batch: Sequence[Taken]) -> None:
        """Judge and record; only then tell the group that these entries are done.

        A log whose server cannot be reached is left out, and its entries are taken over later; raises only if
        there is no other."""
        lost = Lost()
        comments: list[Taken] = []
        heard: list[tuple[Heard, Force]] = []
        for key, entry in batch:
            if isinstance(entry.fact, CommentSubmitted) and key not in lost.why:
                async with lost.spare(key):
                    heard.append(await self._look(key, entry))
                    comments.append((key, entry))
        if comments:
            await self._verdicts(comments, heard, lost)
        keys = {key for key, _ in batch}
        for key in keys - lost.why.keys():
            mine = [entry for other, entry in batch if other == key]
            async with lost.spare(key):
                await self._group.done(key, *(entry.id for entry in mine))
                self._followed.note(key, mine)
        if lost.why.keys() == keys:
            raise lost.why.popitem()[1]

    async def _verdicts(self, comments: Sequence[Taken], heard: list[tuple[Heard, Force]], lost: Lost) -> None:
        after = self._policies.house.current().overload.after_seconds
        hurried = self._haste.look([entry for _, entry in comments], time.time() * 1000, after)
        verdicts = await self._judge(comments, heard, hurried=hurried)

        async def record(key: str, entry: Entry, one: Heard, verdict: Verdict, policy: Policy) -> None:
            if key not in lost.why:
                async with lost.spare(key):
                    await self._record(key, entry, one, verdict, policy)

        await asyncio.gather(
            *(
                record(key, entry, one, verdict, force.policy)
                for (key, entry), verdict, (one, force) in zip(comments, verdicts, heard, strict=True)
            )
        )
        if self._policies.shadow and not hurried:
            with suppress(*STORE_LOST):  # counts that are only looked at
                await self._try_shadow(self._policies.shadow.current(), comments, heard, verdicts)

    async def _look(self, key: str, entry: Entry) -> tuple[Heard, Force]:
        if key not in self._memories:
            self._memories[key] = Memory(entry.id, self._home)
        memory = self._memories[key]
        await memory.catch_up(self._log(key), entry.id)
        lent = await self._campaign_words.of(memory.situation.campaigns)
        house = self._policies.house.current()
        if change := memory.unnoted(house, own=self._policies.house.path is not None):
            await self._note(key, memory, change)
        force = memory.force(house, lent)
        return memory.heard(entry, force.policy), force

    async def _note(self, key: str, memory: Memory, change: HousePolicyChanged) -> None:
        """Once, whichever worker sees it first, and again when it changes back."""
        once = f"house:{memory.situation.chosen.changed}:{change.policy}"
        recorded = await self._log(key).append(change, once=once)
        await memory.catch_up(self._log(key), recorded.id)

    async def _record(self, key: str, entry: Entry, heard: Heard, verdict: Verdict, policy: Policy) -> None:
        call = applause(heard.reading)
        fact = verdict.of(entry.id, model=self._pipeline.model_name, policy=policy.version, applause=call)
        recorded = await self._log(key).append(fact, once=f"verdict:{entry.id}")
        if verdict.provisional:
            self._hasty.add(key)
        slowing = self._memories[key].slowing(entry, verdict, policy) if recorded.fresh else None
        if slowing:
            await self._log(key).append(slowing, once=f"slow:{entry.id}")

    async def _judge(
        self, comments: Sequence[Taken], heard: list[tuple[Heard, Force]], *, hurried: bool = False
    ) -> list[Verdict]:
        """Off the event loop. A comment that breaks a check is held, and takes no other comment with it."""
        loop = asyncio.get_running_loop()
        judge = partial(self._pipeline.judge, *map(list, zip(*heard, strict=True)), hurried=hurried)
        try:
            return await loop.run_in_executor(self._thread, judge)
        except Exception as error:  # noqa: BLE001 (whatever a check or the model raises: a person decides)
            if len(comments) == 1:
                key, entry = comments[0]
                log.error("judging %s in %s failed: %s", entry.id, key, type(error).__name__)
                return [FAILED]
        return [
            (await self._judge([comment], [one], hurried=hurried))[0]
            for comment, one in zip(comments, heard, strict=True)
        ]

    async def _look_again(self) -> bool:
        """A batch of what was judged in haste, by all checks, and their word recorded; False if nothing is owed."""
        for key in list(self._hasty):
            while await self._memories[key].read_on(self._log(key)):
                pass
            self._hasty.discard(key)
        owing = next(((key, memory) for key, memory in self._memories.items() if memory.owed), None)
        if owing is None or self._pipeline.model is None:
            return False
        key, memory = owing
        await memory.read_on(self._log(key))
        owed = [(key, Entry(comment, said)) for comment, said in list(memory.owed.items())[:CALM_BATCH]]
        heard = [await self._look(*one) for one in owed]
        verdicts = await self._judge(owed, heard) if owed else []
        for (_, entry), verdict, (_, force) in zip(owed, verdicts, heard, strict=True):
            fact = verdict.revising(entry.id, model=self._pipeline.model_name, policy=force.policy.version)
            await self._log(key).append(fact, once=f"revise:{entry.id}")
            memory.owed.pop(entry.id, None)
        return True

    async def _open_one(self) -> None:
        """In a quiet moment: what a broadcast owes is known before anybody speaks in it again."""
        followed = self._group.keys()
        new = next((key for key in followed if key not in self._memories), None)
        if new is not None:
            memory = self._memories[new] = Memory(f"{int(time.time() * 1000)}-0", self._home)
            while await memory.read_on(self._log(new)):
                pass

    def _log(self, key: str) -> Log:
        """Of a broadcast that is over too: it may still owe a second look."""
        followed = self._group.keys()
        return self._group.log(key) if key in followed else Log(self._store, key, BroadcastFact)

    async def _try_shadow(
        self, policy: Policy, comments: Sequence[Taken], heard: list[tuple[Heard, Force]], verdicts: list[Verdict]
    ) -> None:
        """Costs no second encoding: the vectors of these texts are still known."""
        forces = [(one, Force(policy, force.words, force.claims)) for one, force in heard]
        others = await self._judge(comments, forces)
        for key in {key for key, _ in comments}:
            said = [
                (entry.id, was.action, would.action)
                for (other, entry), was, would in zip(comments, verdicts, others, strict=True)
                if other == key
            ]
            await shadow_.note(self._store, key, policy.version, said)

    async def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told > TELL_SECONDS:
            self._told = now
            fare: moderation_status.Fare = (
                "rules-only" if self._pipeline.model is None else "overload" if self._haste.hurried else "normal"
            )
            await moderation_status.tell(self._store, self._consumer, fare)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
