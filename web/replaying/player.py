"""The player: says a recording's comments at their time, each as its own viewer, until each is settled.

Settled means acknowledged or refused for good. A refusal that names a time to wait is waited for; a lost
connection is tried again under the same `once`, so nothing is said twice. Called by `streamhub replay` and
the demonstration.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from streamhub.commands import Refusal, Refused
from web.client import sentence
from web.replaying.recording import Malformed, Said
from web.replaying.room import Gone, Room

AT_ONCE = 16
"""Comments on their way at a time."""

PATIENCE = 60.0
"""Seconds without any acknowledgement, while there is something to say, after which the player gives up."""

RETRY_SECONDS = 0.5


class Stopped(Exception):
    """It cannot go on; the message is a sentence that says why."""


Accept = Callable[[Said, str], Awaitable[None]]


class Player:
    """Plays once. `said` must be in the order of time; `series` makes the `once` ids of this replay.

    `speed` 0 is as fast as the server admits. Counts are true at every moment, also after `Stopped`.
    """

    def __init__(
        self, room: Room, said: Sequence[Said], *, speed: float, series: str, start: float | None = None
    ) -> None:  # fmt: skip
        self._room = room
        self._speed = speed
        self._series = series
        self._start = said[0].t if start is None and said else start or 0.0
        self._lines: dict[str, deque[Said]] = {}
        for each in said:
            self._lines.setdefault(each.user, deque()).append(each)
        self._due = [(self._when(line[0]), user) for user, line in self._lines.items()]
        heapq.heapify(self._due)
        self._changed = asyncio.Event()
        self._busy = 0
        self._stopping = False
        self._failure = ""
        self._last_progress = 0.0
        self.sent = self.accepted = self.repeated = self.settled = 0
        self.viewers: set[str] = set()
        self.refused: list[Malformed] = []
        self.ids: set[str] = set()
        self.seconds = 0.0
        self.on_settled: Callable[[], object] = lambda: None
        self.on_accepted: Accept | None = None

    @property
    def interrupted(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        """Say nothing more; what is on its way is still waited for."""
        self._stopping = True
        self._changed.set()

    async def play(self) -> None:
        """Raises Stopped if the server is gone for long or takes no comments any more."""
        began = self._last_progress = time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                while not self._finished():
                    self._changed.clear()
                    if (wait := self._seconds_to_next(began)) > 0:
                        await self._pause(wait)
                        continue
                    _, user = heapq.heappop(self._due)
                    self._busy += 1
                    tasks.create_task(self._say(user, began))
        finally:
            self.seconds = round(time.monotonic() - began, 1)
        if self._failure:
            raise Stopped(self._failure)

    def _finished(self) -> bool:
        nothing_left = self._stopping or bool(self._failure) or not self._due
        return nothing_left and self._busy == 0

    def _seconds_to_next(self, began: float) -> float:
        if self._stopping or self._failure or not self._due or self._busy >= AT_ONCE:
            return 3600.0  # until something on its way has come back
        return self._due[0][0] - (time.monotonic() - began)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _when(self, said: Said) -> float:
        """Seconds after the beginning of play."""
        return max(0.0, said.t - self._start) / self._speed if self._speed else 0.0

    async def _say(self, user: str, began: float) -> None:
        said = self._lines[user][0]
        wait = 0.0
        try:
            wait = await self._try(said)
        finally:
            self._busy -= 1
            self._changed.set()
        if not wait:
            self._lines[user].popleft()
            self.settled += 1
            self.on_settled()
        if line := self._lines[user]:
            heapq.heappush(self._due, (max(time.monotonic() - began + wait, self._when(line[0])), user))
        else:
            del self._lines[user]

    async def _try(self, said: Said) -> float:
        """0 once it is settled, else the seconds after which to try again."""
        self.viewers.add(said.user)
        try:
            accepted = await self._room.send(said.user, "comment", {
                "once": self._once(said), "text": said.text, "nick": said.shown_nick, "kind": said.kind,
            })  # fmt: skip
        except Gone as error:
            return self._again(RETRY_SECONDS, str(error))
        except Refused as refused:
            return self._refused(said, refused.refusal)
        self._last_progress = time.monotonic()
        self.sent += 1
        self.accepted += 1
        self.repeated += accepted.repeated
        self.ids.add(accepted.id)
        if self.on_accepted is not None:
            await self.on_accepted(said, accepted.id)
        return 0.0

    def _refused(self, said: Said, refusal: Refusal) -> float:
        if refusal.retry_after is not None or refusal.code in ("rate", "unavailable"):
            if refusal.code == "rate":
                self._last_progress = time.monotonic()  # it answers: slow, not gone
            return self._again(max(refusal.retry_after or RETRY_SECONDS, 0.05), refusal.message or refusal.code)
        if refusal.code in ("closed", "unknown"):
            self._failure = f"The broadcast takes no comments any more ({refusal.message or refusal.code})."
        self.sent += 1
        self.refused.append(Malformed(said.line, sentence(refusal)))
        return 0.0

    def _again(self, seconds: float, why: str) -> float:
        if time.monotonic() - self._last_progress > PATIENCE:
            self._failure = f"The server has not accepted anything for {PATIENCE:.0f} seconds ({why})."
        return seconds

    def _once(self, said: Said) -> str:
        """The same for the same comment of the same series, and for no other."""
        mark = hashlib.blake2s(
            f"{self._series}\n{said.line}\n{said.t}\n{said.user}\n{said.text}".encode(), digest_size=12
        )
        return f"replay-{mark.hexdigest()}"
