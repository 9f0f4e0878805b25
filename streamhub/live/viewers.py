"""The sockets of one room: who sits where, and sending to all, to one author, or to the hosts."""

from __future__ import annotations

from typing import Any

import socketio

from streamhub.live.admission import Person


class Viewers:
    """Seats of one broadcast in this process, by socket id. Everything sent is one Socket.IO event."""

    def __init__(self, server: socketio.AsyncServer, code: str) -> None:
        self._server = server
        self._code = code
        self._people: dict[str, Person] = {}
        self._seats_of: dict[str, set[str]] = {}
        self._hosts: set[str] = set()

    def __len__(self) -> int:
        return len(self._people)

    @property
    def people(self) -> int:
        """Different viewers, however many tabs each has open."""
        return len(self._seats_of)

    @property
    def has_hosts(self) -> bool:
        return bool(self._hosts)

    async def seat(self, sid: str, person: Person) -> None:
        await self._server.enter_room(sid, self._code)
        self._people[sid] = person
        self._seats_of.setdefault(person.viewer, set()).add(sid)
        if person.hosts(self._code):
            self._hosts.add(sid)

    async def leave(self, sid: str) -> None:
        if (person := self._people.pop(sid, None)) is None:
            return
        self._hosts.discard(sid)
        seats = self._seats_of[person.viewer]
        seats.discard(sid)
        if not seats:
            del self._seats_of[person.viewer]
        await self._server.leave_room(sid, self._code)

    async def send_all(self, event: str, frame: Any) -> None:
        """Encoded once, written to every socket of the room."""
        if self._people:
            await self._server.emit(event, frame, room=self._code)

    async def send_to(self, viewer: str, event: str, frame: Any) -> None:
        for sid in list(self._seats_of.get(viewer, ())):
            await self._server.emit(event, frame, to=sid)

    async def send_hosts(self, event: str, frame: Any) -> None:
        for sid in list(self._hosts):
            await self._server.emit(event, frame, to=sid)
