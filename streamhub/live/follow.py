"""Follow one broadcast's log: keep its state up to date and tell its viewers, one frame per tick.

One `Room` per broadcast and hub process, opened by `hub.py` when somebody comes. The first change of a
quiet room leaves at once; while it is busy, everything that happens within a tick goes in one frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.live import views
from streamhub.live.presence import Presence
from streamhub.live.queue import review, review_changed
from streamhub.live.viewers import FROM_THE_START, Viewers
from streamhub.record.feed import Feed
from streamhub.record.log import READ_COUNT, SLICE, NotRecorded, broadcast_log, stop_following
from streamhub.record.moderation_status import Fare
from streamhub.record.pace import BREATH_SECONDS, Pace
from streamhub.record.replay import replay
from streamhub.state.broadcast import advance
from streamhub.state.projection import Entry, position
from streamhub.wire import Batch, QuestionView, Review

log = logging.getLogger(__name__)

TICK_SECONDS = 0.1
UNSEEN_SECONDS = 0.002
"""After entries that show nothing, such as a comment that waits for its verdict: what follows leaves at once."""

OVERDUE_SECONDS = 2.0
"""How often it is looked for comments that wait too long, while a host is there to see them."""

BEHIND_SECONDS = 0.25
"""While a viewer is behind: how often it is looked whether its connection has drained."""

LAST = 200
"""Comments that those get who start over."""

WHOLE_KEPT = 4
"""First visits' frames of different lengths that are kept."""

RETRY_SECONDS = 0.5
REACH_SECONDS = 5.0


class Room:
    """A broadcast as this process sees it. `state` is read-only to everybody else."""

    def __init__(
        self,
        code: str,
        store: Redis,
        feed: Feed,
        viewers: Viewers,
        presence: Presence,
        plain: Callable[[str], str] = str,
        pace: Pace | None = None,
    ) -> None:
        self.code = code
        self.viewers = viewers
        self.presence = presence
        self._plain = plain
        self._pace = pace or Pace()
        self._store = store
        self._feed = feed
        self.log = broadcast_log(store, code)
        self._people: int | None = None
        self._waiting: list[tuple[tuple[int, int], asyncio.Future[None]]] = []
        self._overdue = -1
        self._told_fare = "normal"
        self.fare: Fare | None = "normal"
        """How the moderation fares, as `rooms.py` tells it; hosts hear of a change with the next queue."""
        self._task: asyncio.Task[None] | None = None
        self._whole: dict[int, Batch] = {}
        self._latest_whole: Batch | None = None
        self._latest = (0, 0.0)
        """Milliseconds of the last entry, and when (monotonic) this process saw it."""
        self.left_at = time.monotonic()
        """When the last viewer left or a page last asked: the hub closes rooms that nobody needs."""

    async def open(self) -> None:
        """Load the state; from here on it follows the log. Followed first, so that nothing falls in between."""
        self._following = await self._feed.follow(self.log)
        try:
            self.state = await replay(self._store, self.code, self._pace)
            await self._finish_erasing()
            async with self._pace:
                self.whole(LAST)  # what the first who come would otherwise wait for in one turn with all the rest
            await self._know_the_time()
        except BaseException:
            await self._following.close()
            raise
        self._task = asyncio.create_task(self._follow(), name=f"follow {self.code}")
        self._task.add_done_callback(self._ended)

    async def _finish_erasing(self) -> None:
        """An erased comment that a replay still finds is in the log still: whoever erased it was broken off."""
        async with self._pace:
            comments = self.state.comments.by_id.values()
            left = [entry for comment in comments if comment.erased for entry in comment.written]
        if left:
            with contextlib.suppress(NotRecorded):
                await self.log.erase(*left)

    async def _know_the_time(self) -> None:
        """How long ago, by the store's clock that gave it its id, the last entry was: nobody may have spoken since.

        On a Cluster that clock may be out of reach while the log is not: then time begins with the last entry."""
        ms = position(self.state.as_of)[0]
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            seconds, micros = await self._store.time()
            passed = max(seconds + micros / 1e6 - ms / 1000, 0.0)
            self._latest = (ms, time.monotonic() - passed)

    async def close(self) -> None:
        await stop_following(self._task)
        self._task = None  # its end leads back here: as a knot, the whole state would wait for a full collection
        await self._following.close()
        for _, future in self._waiting:
            future.cancel()

    @property
    def broken(self) -> bool:
        """True if following ended by itself: a fault of ours. The hub then opens the room anew."""
        return self._task is not None and self._task.done()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            log.error("%s: following ended at %s", self.code, self.state.as_of, exc_info=error)

    async def reached(self, entry_id: str) -> None:
        """Return once the state contains this entry, so that a page shows what its form just did.

        Raises TimeoutError if the log cannot be read for `REACH_SECONDS`."""
        if position(entry_id) <= position(self.state.as_of):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((position(entry_id), future))
        await asyncio.wait_for(future, REACH_SECONDS)

    def whole(self, last: int) -> Batch:
        """The first visit's frame, built once per position for all who come at that moment: pages and sockets, which
        ask for different numbers of comments."""
        found = self._whole.get(last)
        if found is None or found.as_of != self.state.as_of:
            if len(self._whole) == WHOLE_KEPT:
                self._whole.clear()
            found = self._whole[last] = views.whole(self.state, last, self._known_questions())
            self._latest_whole = found
        return found

    def _known_questions(self) -> tuple[QuestionView, ...] | None:
        """Those of the latest first visit, if none has changed since: to order thousands takes some milliseconds."""
        known = self._latest_whole
        return None if known is None or views.questions_changed(self.state, known.as_of) else known.questions

    def missed(self, after: str, last: int) -> Batch:
        """What was missed since a position; who missed too much starts over with the latest `last` comments."""
        return self.whole(last) if views.too_far_behind(self.state, after) else views.since(self.state, after)

    def review(self) -> Review:
        found = review(self.state, self._now_ms(), self._plain)
        return msgspec.structs.replace(found, moderation=self.fare or "away")

    def _now_ms(self) -> int:
        """The log's own time: its last entry's and what has passed since then here. Clocks that jump do not matter."""
        ms, now = position(self.state.as_of)[0], time.monotonic()
        if ms != self._latest[0]:
            self._latest = (ms, now)
        return ms + int((now - self._latest[1]) * 1000)

    def tell_people(self, people: int) -> None:
        """The number of people has changed: viewers are told between two frames."""
        self._people = people
        self._following.wake()

    def _patience(self) -> float | None:
        """How long to wait for news; without an end where only news can change anything."""
        if self.viewers.has_behind:
            return BEHIND_SECONDS
        return OVERDUE_SECONDS if self.viewers.has_hosts else None

    async def _follow(self) -> None:
        interrupted = False
        while True:
            try:
                if interrupted:
                    await self._check_lineage()
                    interrupted = False
                entries = await self._following.next(self.state.as_of, self._patience())
            except (RedisError, OSError, TimeoutError) as error:
                if not interrupted:
                    log.warning("%s: cannot read the log (%s), trying again", self.code, type(error).__name__)
                interrupted = True
                await asyncio.sleep(RETRY_SECONDS)
                continue
            shown = await self._take(entries[:SLICE])
            for start in range(SLICE, len(entries), SLICE):
                await asyncio.sleep(BREATH_SECONDS)
                shown = await self._take(entries[start : start + SLICE]) or shown
            if entries:
                more = len(entries) >= READ_COUNT
                await asyncio.sleep(BREATH_SECONDS if more else TICK_SECONDS if shown else UNSEEN_SECONDS)

    async def _take(self, entries: list[Entry]) -> bool:
        """Fold what was appended and tell everybody, as much as one turn of the loop may hold; True if there was
        something to show."""
        people, self._people = self._people, None
        before, revoked = self.state.as_of, self.state.details.revoked
        for entry in entries:
            advance(self.state, entry)
        if self.state.details.revoked != revoked:
            self.viewers.dismiss_hosts(self.state.details.revoked)
        self._now_ms()
        self._wake()
        shown = await self._announce(before, people)
        self.viewers.catch_up(self._missed_since)
        return shown

    async def _announce(self, before: str, people: int | None) -> bool:
        """Tell everybody what changed since `before`; True if there was something to show.

        Nothing is awaited between advancing the state and choosing whom to show it, so whoever joins
        meanwhile gets it either in the acknowledgement or as a frame."""
        if not self.viewers:
            return True
        batch = views.since(self.state, before)
        outcomes = views.outcomes_since(self.state, before)
        queue = self._changed_review(changed=review_changed(self.state, before)) if self.viewers.has_hosts else None
        if people is not None:
            batch = msgspec.structs.replace(batch, people=people)
        shown = not views.is_empty(batch)
        if shown or people is not None:
            await self.viewers.show(batch, before)
        for viewer, outcome in outcomes:
            self.viewers.send_to(viewer, "outcome", outcome)
        if queue is not None:
            self.viewers.send_hosts("review", queue)
        return shown

    def _missed_since(self, after: str) -> Batch:
        """For a viewer who could not be shown anything since then."""
        batch = self.whole(LAST) if after == FROM_THE_START else self.missed(after, LAST)
        return msgspec.structs.replace(batch, people=self.presence.known(self.code, self.viewers.people))

    def _changed_review(self, *, changed: bool) -> Review | None:
        """The review queue if it changed: by a verdict or decision, or because comments became overdue."""
        queue = self.review()
        overdue = sum(1 for held in queue.held if held.status == "waiting")
        if not changed and (overdue, queue.moderation) == (self._overdue, self._told_fare):
            return None
        self._overdue, self._told_fare = overdue, queue.moderation
        return queue

    def _wake(self) -> None:
        reached = position(self.state.as_of)
        for place, future in self._waiting:
            if place <= reached and not future.done():
                future.set_result(None)
        self._waiting = [(place, future) for place, future in self._waiting if not future.done()]

    async def _check_lineage(self) -> None:
        """After a break: if the store came back with another history, start over and say so to everybody. So does
        a server that took over without the latest entries: as entries are copied in their order, the log is the same
        as far as `as_of` if that entry is there."""
        first = await self.log.read(count=1)
        same = bool(first) and first[0].id == self.state.epoch and await self.log.has(self.state.as_of)
        if self.state.epoch and not same:
            log.warning("%s: the log is not the one that was followed; starting over", self.code)
            self.state = await replay(self._store, self.code, self._pace)
            self._whole, self._latest_whole = {}, None
            self.viewers.dismiss_hosts(self.state.details.revoked)
            await self.viewers.show(self.whole(LAST), self.state.as_of)
