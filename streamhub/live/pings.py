"""One wheel for the pings of all sockets, instead of a timer or a task for each.

`socketio_hooks.py` asks it to ping a socket in a while and tells it of the answers. Every wait is equally
long, so two dictionaries in the order of insertion are always in the order of their times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

CHUNK = 256
"""This many sockets are looked after per turn of the event loop."""


class Pinged(Protocol):
    def ping(self) -> None:
        """Send a ping."""

    def expire(self) -> None:
        """No answer came in time: close the socket."""


class PingWheel:
    """Seconds are of the loop's monotonic clock. The task lives only while there is somebody to ping."""

    def __init__(self, interval: float, timeout: float) -> None:
        self._interval = interval
        self._timeout = timeout
        self._pause = max(0.02, min(1.0, interval / 10, timeout / 10))
        self._resting: dict[Pinged, float] = {}
        self._asked: dict[Pinged, float] = {}
        self._task: asyncio.Task[None] | None = None

    def rest(self, socket: Pinged) -> None:
        """Ping it after the interval: it has just come, or just answered."""
        self._asked.pop(socket, None)
        self._resting[socket] = asyncio.get_running_loop().time() + self._interval
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._turn(), name="ping wheel")

    def forget(self, socket: Pinged) -> None:
        self._resting.pop(socket, None)
        self._asked.pop(socket, None)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        while self._resting or self._asked:
            await asyncio.sleep(self._pause)
            for chunk in _chunks(_due(self._asked, loop.time())):
                for socket in chunk:
                    if self._asked.pop(socket, None) is not None:
                        socket.expire()
                await asyncio.sleep(0)
            for chunk in _chunks(_due(self._resting, loop.time())):
                for socket in chunk:
                    if self._resting.pop(socket, None) is not None:
                        self._asked[socket] = loop.time() + self._timeout
                        socket.ping()
                await asyncio.sleep(0)


def _due(waiting: dict[Pinged, float], now: float) -> list[Pinged]:
    due = []
    for socket, at in waiting.items():
        if at > now:
            break
        due.append(socket)
    return due


def _chunks(sockets: list[Pinged]) -> Iterator[list[Pinged]]:
    for start in range(0, len(sockets), CHUNK):
        yield sockets[start : start + CHUNK]
