"""The rooms of one hub process: opened when somebody comes, closed when nobody needs them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator

import socketio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.commands import refuse
from streamhub.live.follow import Room
from streamhub.live.presence import EVERY_SECONDS, Presence
from streamhub.live.viewers import Viewers
from streamhub.record import moderation_status
from streamhub.record.directory import broadcast_exists
from streamhub.record.feed import Feed
from streamhub.record.log import stop_following
from streamhub.record.pace import Pace
from streamhub.record.parts import let_go, things_of

IDLE_SECONDS = 60.0
"""A room that nobody watches is closed after so long; the next visitor loads it again."""

SWEEP_SECONDS = 5.0


class Rooms:
    """`send_back` is told of a room that cannot go on, to close its sockets: their clients come back to a fresh one."""

    def __init__(
        self,
        server: socketio.AsyncServer,
        store: Redis,
        feed: Feed,
        presence: Presence,
        send_back: Callable[[Room], Awaitable[None]],
        plain: Callable[[str], str] = str,
    ) -> None:
        self._server = server
        self._store = store
        self._feed = feed
        self._presence = presence
        self._send_back = send_back
        self._plain = plain
        self._pace = Pace()
        self._fare: moderation_status.Fare | None = "normal"
        """How the moderation fares, known before anybody asks: a desk without a socket shows it too."""
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def open(self) -> None:
        self._tasks = (
            asyncio.create_task(self._sweep(), name="close idle rooms"),
            asyncio.create_task(self._count(), name="count people"),
        )

    async def close(self) -> None:
        await stop_following(*self._tasks)
        for opening in list(self._opening.values()):
            for room in await asyncio.gather(opening, return_exceptions=True):
                if isinstance(room, Room):
                    await room.close()

    async def get(self, code: str) -> Room:
        """The broadcast, loaded and followed; raises Refused("unknown") or Refused("unavailable").

        All who come while it is being loaded wait for the same load."""
        opening = self._opening.get(code)
        if opening is None:
            opening = self._opening[code] = asyncio.create_task(self._load(code))
        try:
            room = await asyncio.shield(opening)
        except BaseException:
            if self._opening.get(code) is opening and opening.done():
                del self._opening[code]
            raise
        room.left_at = time.monotonic()
        return room

    def __iter__(self) -> Iterator[Room]:
        """Those that are loaded."""
        for opening in list(self._opening.values()):
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                yield opening.result()

    async def _load(self, code: str) -> Room:
        try:
            if not await broadcast_exists(self._store, code):
                raise refuse("unknown", f"there is no broadcast {code}", field="broadcast")
            viewers = Viewers(self._server, code)
            room = Room(code, self._store, self._feed, viewers, self._presence, self._plain, self._pace)
            room.fare = self._fare
            await room.open()
        except (RedisError, OSError, TimeoutError):
            raise refuse("unavailable", "the store does not answer: try again") from None
        return room

    async def _count(self) -> None:
        """Tell each room when the number of people in it has changed, here or in another process."""
        while True:
            here = {room.code: room.viewers.people for room in self if len(room.viewers)}
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                changed = await self._presence.changed(here)
                for room in self:
                    if (people := changed.get(room.code)) is not None:
                        room.tell_people(people)
                self._fare = await moderation_status.fare(self._store)
                for room in self:
                    room.fare = self._fare
            await asyncio.sleep(EVERY_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            rooms = list(self)
            while rooms:
                room = rooms.pop()
                idle = not len(room.viewers) and time.monotonic() - room.left_at > IDLE_SECONDS
                if room.broken or idle:
                    del self._opening[room.code]
                    await self._send_back(room)
                    await room.close()
                    things = things_of(room.state)
                    del room
                    await let_go(things, self._pace)
