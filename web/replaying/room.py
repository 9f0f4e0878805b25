"""A room seen by many simulated viewers: one Socket.IO connection each, a bounded number at a time.

Used by the player and the demonstration. A recording has thousands of people; who has not spoken for the
longest gives up the seat, and takes another when there is something more to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from types import TracebackType
from typing import Any

import aiohttp
import msgspec
import socketio

from streamhub.commands import Refused
from streamhub.live.admission import Signer
from streamhub.wire import Accepted, Denied

SEATS = 32
"""Connections at a time."""

ANSWER_SECONDS = 15.0


class Gone(Exception):
    """The connection or its answer was lost; whether the command was recorded is not known. Try again."""


class Room:
    """`async with Room(...) as room`: `await room.send("somebody", "comment", {...})`."""

    def __init__(self, url: str, code: str, signer: Signer | None, seats: int = SEATS) -> None:
        self.url = url
        self.code = code
        self._signer = signer
        self._seats: OrderedDict[str, _Seat] = OrderedDict()
        self._tokens: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._free = asyncio.Semaphore(seats)
        self._taken = 0
        self._limit = seats

    async def __aenter__(self) -> Room:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for seat in list(self._seats.values()):
            await seat.leave()
        await self._http.close()

    async def send(self, user: str, event: str, fields: dict[str, Any]) -> Accepted:
        """Ask as this viewer; raises Refused or Gone. One command of a viewer at a time."""
        lock = self._locks.setdefault(user, asyncio.Lock())
        try:
            async with lock, self._free:
                self._taken += 1
                try:
                    seat = await self._take(user)
                    answer = await self._ask(user, seat, event, fields)
                finally:
                    self._taken -= 1
        finally:
            if not lock.locked():
                self._locks.pop(user, None)
        return msgspec.convert(answer, Accepted)

    async def _ask(self, user: str, seat: _Seat, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """A viewer keeps the seat, accepted or refused; a lost answer ends it."""
        try:
            answer = await seat.call(event, fields)
        except Refused:
            self._seats[user] = seat
            raise
        except BaseException:
            await seat.leave()
            raise
        self._seats[user] = seat
        return answer

    async def _take(self, user: str) -> _Seat:
        """A connection of this viewer that nobody else uses meanwhile: it is out of `_seats` until put back."""
        seat = self._seats.pop(user, None)
        if seat is not None and not seat.gone.is_set():
            return seat
        while len(self._seats) + self._taken > self._limit:
            await self._seats.popitem(last=False)[1].leave()
        seat = _Seat(self._http)
        try:
            joined = await seat.join(self.url, self._token(user), self.code)
        except BaseException:
            await seat.leave()
            raise
        self._tokens[user] = str(joined.get("token", ""))
        return seat

    def _token(self, user: str) -> str:
        """The same viewer for the same name, always, if we may sign; else whom the server made of them."""
        if self._signer is None:
            return self._tokens.get(user, "")
        mark = hashlib.blake2s(f"{self.code}/{user}".encode(), digest_size=12).hexdigest()
        return self._signer.viewer_token(f"v-{mark}", via="replay")


class _Seat:
    """One viewer's connection. `gone` is set once it is lost."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._client = socketio.AsyncClient(reconnection=False, http_session=http, handle_sigint=False)
        self._client.on("disconnect", self._lost)
        self.gone = asyncio.Event()

    async def join(self, url: str, token: str, code: str) -> dict[str, Any]:
        try:
            await self._client.connect(
                url, auth={"token": token} if token else {}, transports=["websocket"], wait_timeout=ANSWER_SECONDS
            )
        except (socketio.exceptions.ConnectionError, aiohttp.ClientError, OSError) as error:
            raise Gone(f"no connection to {url}") from error
        return await self.call("join", {"broadcast": code, "last": 0})

    async def call(self, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The acknowledgement; does not wait for one that a lost connection will never bring."""
        asking = asyncio.create_task(self._client.call(event, fields, timeout=ANSWER_SECONDS))
        losing = asyncio.create_task(self.gone.wait())
        try:
            await asyncio.wait((asking, losing), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise Gone(f"connection lost before the answer to {event}")
            answer = asking.result()
        except (socketio.exceptions.SocketIOError, OSError) as error:
            raise Gone(f"no answer to {event}") from error
        finally:
            asking.cancel()
            losing.cancel()
            await asyncio.gather(asking, losing, return_exceptions=True)
        if not isinstance(answer, dict):
            raise Gone(f"no readable answer to {event}")
        if not answer.get("ok", True):
            raise Refused(msgspec.convert(answer, Denied).error)
        return answer

    async def leave(self) -> None:
        with contextlib.suppress(socketio.exceptions.SocketIOError, aiohttp.ClientError, OSError):
            await self._client.disconnect()

    async def _lost(self, *_: object) -> None:
        self.gone.set()
