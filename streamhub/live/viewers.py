"""The sockets of one room: who sits where, one frame to all of them, and what becomes of those who lag.

`follow.py` shows each tick's batch to everybody; outcomes go to one author, reviews to the hosts. Nobody's
slowness costs the others anything, and nothing is lost to the slow: they get one frame of all that they
missed, or are dropped and catch up from the log when they come back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Hashable
from typing import Any, Protocol

import msgspec
import socketio

from streamhub.live.admission import Person
from streamhub.live.frames import Frame
from streamhub.live.socketio_hooks import socket_of
from streamhub.live.websocket import Give, not_now
from streamhub.record.pace import BREATH_SECONDS
from streamhub.wire import Batch

log = logging.getLogger(__name__)

TURN_SECONDS = 0.002
"""For so long frames are written before the event loop may turn to something else."""

LOOK_EVERY = 32
"""Sockets written to between two looks at the clock: a quarter of a millisecond or so."""

BEHIND_BYTES = 64 * 1024
"""With more than this unsent a viewer is behind: it is skipped until all is taken."""

BEHIND_SECONDS = 30.0
"""Who is behind for so long is dropped."""

FROM_THE_START = ""
"""Missed more than a position can say: the log's history has changed."""


class Counts(msgspec.Struct):
    """What slowness did: batches not sent to somebody, viewers who caught up by one frame, viewers dropped."""

    skipped: int = 0
    caught_up: int = 0
    dropped: int = 0


class Socket(Protocol):
    """What a seat writes to: an `EngineSocket`, or nobody."""

    give: Give
    deflates: bool
    """Takes `compressed` of a frame, not `wire`."""
    seat: Seat | None
    """Told whenever one of the two changes."""

    @property
    def backlog(self) -> int: ...

    def offer(self, frame: Frame, limit: int, taken: int) -> bool: ...
    def push(self, frame: Frame) -> None: ...
    def drop(self) -> None: ...


class Nobody:
    """The socket of a seat that was left while a frame went out: takes everything."""

    backlog = 0

    def __init__(self) -> None:
        self.give: Give = not_now
        self.deflates = False
        self.seat: Seat | None = None

    def offer(self, frame: Frame, limit: int, taken: int) -> bool:
        return True

    def push(self, frame: Frame) -> None: ...

    def drop(self) -> None: ...


NOBODY = Nobody()


class Seat:
    """One socket in the room. Where it is behind, `behind` is the log position up to which it has everything."""

    __slots__ = ("behind", "deflates", "give", "missed", "person", "since", "socket")

    def __init__(self, socket: Socket, person: Person) -> None:
        self.socket = socket
        self.person = person
        self.behind: str | None = None
        self.since = 0.0
        self.missed: dict[Hashable, Frame] | None = None
        self.may(socket.give, deflates=socket.deflates)
        socket.seat = self

    def may(self, give: Give, *, deflates: bool) -> None:
        """How a frame may be given to the socket now. Kept here because asking the socket for each frame costs more
        than it looks: its memory is cold. Who is behind is given nothing."""
        self.give = give if self.behind is None else not_now
        self.deflates = deflates

    def fall_behind(self, before: str) -> None:
        self.behind, self.since, self.give = before, time.monotonic(), not_now

    def catch_up(self) -> None:
        self.behind = self.missed = None
        self.give = self.socket.give

    def leave(self) -> None:
        self.socket.seat = None
        self.socket, self.give = NOBODY, not_now


class Viewers:
    """Seats of one broadcast in this process, by socket id. Everything sent is one Socket.IO event."""

    def __init__(self, server: socketio.AsyncServer, code: str) -> None:
        self._server = server
        self._code = code
        self._seats: dict[str, Seat] = {}
        self._seats_of: dict[str, tuple[Seat, ...]] = {}
        self._hosts: dict[str, Seat] = {}
        self._behind: set[Seat] = set()
        self.counts = Counts()

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def people(self) -> int:
        """Different viewers, however many tabs each has open."""
        return len(self._seats_of)

    @property
    def has_hosts(self) -> bool:
        return bool(self._hosts)

    @property
    def has_behind(self) -> bool:
        return bool(self._behind)

    def seat(self, sid: str, person: Person) -> None:
        """From now on this socket gets what is shown; until now it knows what its acknowledgement says."""
        self.leave(sid)
        seat = self._seats[sid] = Seat(socket_of(self._server, sid) or NOBODY, person)
        self._seats_of[person.viewer] = (*self._seats_of.get(person.viewer, ()), seat)
        if person.moderates(self._code):
            self._hosts[sid] = seat

    def leave(self, sid: str) -> None:
        if (seat := self._seats.pop(sid, None)) is None:
            return
        seat.leave()
        self._hosts.pop(sid, None)
        self._behind.discard(seat)
        viewer = seat.person.viewer
        if others := tuple(other for other in self._seats_of[viewer] if other is not seat):
            self._seats_of[viewer] = others
        else:
            del self._seats_of[viewer]

    async def show(self, batch: Batch, before: str) -> None:
        """What happened after `before`, to everybody who is seated now, in chunks.

        Whoever joins while it goes out has it from the acknowledgement. Who is behind is left for `catch_up`."""
        frame = Frame("batch", batch, public=True)
        missed_since = FROM_THE_START if batch.reset else before
        if batch.reset:
            for seat in self._behind:
                seat.behind = FROM_THE_START
        plain, compressed = frame.wire, b""
        async for chunk in _chunks(list(self._seats.values())):
            for seat in chunk:  # one turn of this loop a delivery: what stands here is what a viewer costs
                wire = plain if not seat.deflates else compressed or (compressed := frame.compressed)
                try:
                    taken = seat.give(wire)
                except BlockingIOError:
                    taken = 0
                except OSError:
                    continue  # gone; the transport will notice by itself
                if taken != len(wire):
                    self._offer(seat, frame, taken, missed_since)

    def _offer(self, seat: Seat, frame: Frame, taken: int, missed_since: str) -> None:
        """A frame that could not be given straight to the kernel, or not all of it."""
        if seat.behind is not None or not seat.socket.offer(frame, BEHIND_BYTES, taken):
            self._skip(seat, missed_since)

    def catch_up(self, missed_since: Callable[[str], Batch]) -> None:
        """Give one frame of everything missed to those whose connection has drained; drop who lags too long.

        Called between two `show`s, when the state is what was shown last."""
        frames: dict[str, Frame] = {}
        now = time.monotonic()
        for seat in list(self._behind):
            socket = seat.socket
            if seat.behind is None:
                self._behind.discard(seat)
            elif not socket.backlog:
                if seat.behind not in frames:
                    frames[seat.behind] = Frame("batch", missed_since(seat.behind), public=True)
                socket.push(frames[seat.behind])
                for frame in (seat.missed or {}).values():
                    socket.push(frame)
                seat.catch_up()
                self._behind.discard(seat)
                self.counts.caught_up += 1
            elif now - seat.since > BEHIND_SECONDS:
                self._behind.discard(seat)
                self.counts.dropped += 1
                log.info("%s: a viewer was behind for %g s and is dropped", self._code, BEHIND_SECONDS)
                socket.drop()

    async def send_all(self, event: str, data: Any, key: Hashable = None) -> None:
        """The latest of its kind (`event` and `key`), to everybody; who is behind gets the last one later."""
        if self._seats:
            frame = Frame(event, data, public=True)
            async for chunk in _chunks(list(self._seats.values())):
                _send_latest(chunk, (event, key), frame)

    def send_to(self, viewer: str, event: str, data: Any) -> None:
        """To every tab of one viewer, behind or not."""
        if seats := self._seats_of.get(viewer):
            frame = Frame(event, data)
            for seat in seats:
                seat.socket.push(frame)

    def dismiss_hosts(self, revoked: str) -> None:
        """Whose role was given before it was revoked stays as a viewer, and hears of no review any more."""
        for sid, seat in list(self._hosts.items()):
            if not seat.person.unless_revoked(self._code, revoked).moderates(self._code):
                del self._hosts[sid]

    def send_hosts(self, event: str, data: Any) -> None:
        """The latest of its kind, to the hosts."""
        if self._hosts:
            _send_latest(list(self._hosts.values()), (event, None), Frame(event, data))

    def _skip(self, seat: Seat, before: str) -> None:
        self.counts.skipped += 1
        if seat.behind is None:
            seat.fall_behind(before)
            self._behind.add(seat)


def _send_latest(seats: list[Seat], kind: Hashable, frame: Frame) -> None:
    for seat in seats:
        if seat.behind is not None:
            seat.missed = (seat.missed or {}) | {kind: frame}
        else:
            seat.socket.push(frame)


async def _chunks(seats: list[Seat]) -> AsyncIterator[list[Seat]]:
    """So many at a time that the event loop is held for `TURN_SECONDS` or a little longer; the first at once."""
    turn_ends = time.monotonic() + TURN_SECONDS
    for start in range(0, len(seats), LOOK_EVERY):
        if time.monotonic() > turn_ends:
            await asyncio.sleep(BREATH_SECONDS)
            turn_ends = time.monotonic() + TURN_SECONDS
        yield seats[start : start + LOOK_EVERY]
