"""Short commands of a whole process over one connection: written as they come, answered in their order.

`server.py` sends what every comment asks (append, known) this way: without a pool, a retry, a task and two timers for
each, an append costs the process a tenth. What breaks here is asked once more in the ordinary way.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError


class Pipe:
    """Nothing that waits in the store (BLPOP, XREAD BLOCK) and nothing that changes the connection may be asked here:
    all who ask share it. `seconds`: a store that keeps silent for so long is taken for lost."""

    def __init__(self, pool: ConnectionPool, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds
        self._opening = asyncio.Lock()
        self._open: _Open | None = None

    async def ask(self, *command: Any) -> Any:
        """The answer as the store gives it. Raises ResponseError if it refuses; ConnectionError or TimeoutError if
        there is none: then nobody knows whether it was done."""
        there = self._open
        if there is None or there.lost:
            there = await self._connect()
        return await there.ask(command)

    async def close(self) -> None:
        if self._open is not None:
            await self._open.close()

    async def _connect(self) -> _Open:
        """All who come meanwhile wait for the same one, and no longer than for an answer."""
        try:
            async with asyncio.timeout(self._seconds), self._opening:
                if self._open is None or self._open.lost:
                    connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                    await connection.connect()  # type: ignore[no-untyped-call]
                    self._open = _Open(connection, self._seconds)
                return self._open
        except TimeoutError:
            raise RedisTimeoutError("the store does not answer") from None


class _Open:
    """One connection for as long as it lasts, and who waits for an answer on it."""

    def __init__(self, connection: AbstractConnection, seconds: float) -> None:
        connection.socket_timeout = None  # `_look` is the one timer for all commands
        self.lost = False
        self._connection = connection
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._reading = asyncio.create_task(self._read(), name="pipe")

    async def ask(self, command: tuple[Any, ...]) -> Any:
        packed = pack_command(command)
        if self.lost or not self._connection.is_connected:
            raise RedisConnectionError("the connection to the store was closed")
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((self._loop.time() + self._seconds, answer))
        if self._watch is None:
            self._watch = self._loop.call_later(self._seconds, self._look)
        try:  # the bytes are handed over before its first wait: nobody else's command comes in between
            await self._connection.send_packed_command(packed, check_health=False)
            return await answer
        finally:
            answer.cancel()  # nobody waits for it any more

    async def close(self) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading

    async def _read(self) -> None:
        try:
            while True:
                try:
                    answer = await self._connection.read_response(timeout=math.inf, disconnect_on_error=False)
                except ResponseError as refusal:
                    answer = refusal
                _, asked = self._waiting.popleft()
                if asked.done():
                    continue
                if isinstance(answer, ResponseError):
                    asked.set_exception(answer)
                else:
                    asked.set_result(answer)
        except (RedisError, OSError):
            pass  # whoever waits is told below
        finally:
            self._lose(RedisConnectionError("the connection to the store was closed"))
            with contextlib.suppress(RedisError, OSError):
                await self._connection.disconnect(nowait=True)

    def _look(self) -> None:
        """Whether the oldest has waited too long; if not, again when it will have."""
        self._watch = None
        if self._waiting and self._waiting[0][0] > self._loop.time():
            self._watch = self._loop.call_at(self._waiting[0][0], self._look)
        elif self._waiting:
            self._lose(RedisTimeoutError("the store does not answer"))
            self._reading.cancel()

    def _lose(self, error: Exception) -> None:
        self.lost = True
        if self._watch is not None:
            self._watch.cancel()
        while self._waiting:
            _, asked = self._waiting.popleft()
            if not asked.done():
                asked.set_exception(error)
