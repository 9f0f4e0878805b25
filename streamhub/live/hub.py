"""The hub: Socket.IO events in (decode, admit, decide, append), frames out through the rooms.

`web/app.py` makes one `Hub` per process and attaches `hub.server` to its application; pages use `room`,
`perform` and `campaigns`, so a plain form and a socket take the same path.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

import socketio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.campaign import CampaignModule
from streamhub.commands import CampaignAct, Command, DecideComment, Join, Refusal, Refused, decode, refuse
from streamhub.facts import CommentErased, Fact, Note, ViewerJoined
from streamhub.live import policies as policies  # registers its acts
from streamhub.live import reviewing, views
from streamhub.live.acts import ACTS, Act, Given
from streamhub.live.admission import ROLE_COOKIE, VIEWER_COOKIE, Person, Signer, address_behind, mark_of
from streamhub.live.campaigns import Campaigns, LiveCampaign
from streamhub.live.follow import Room
from streamhub.live.frames import WireJson
from streamhub.live.gate import Gate
from streamhub.live.presence import Presence
from streamhub.live.rooms import Rooms
from streamhub.live.socketio_hooks import LiveServer, send_back
from streamhub.record.feed import Feed
from streamhub.record.log import NotRecorded
from streamhub.record.pace import Pace
from streamhub.state.projection import START, position
from streamhub.wire import Accepted, CampaignView, Denied, Joined

log = logging.getLogger(__name__)

NAMING = ("decision", "question", "comment", "turn")
"""Fields of commands that name an earlier entry."""

ASKED_SECONDS = 7.0
"""How long whoever asks may wait to be told that nothing was confirmed: browsers give up after eight."""

DRAIN_SECONDS = 3.0
"""How long acts that were begun may take to be finished when the process leaves."""

MESSAGE_BYTES = 16 * 1024
"""A packet from a browser; the longest command is far below."""


def make_server(**options: Any) -> socketio.AsyncServer:
    """The Socket.IO server that production uses; takes python-socketio's options."""
    defaults: dict[str, Any] = {
        "async_mode": "aiohttp",
        "json": WireJson,
        "max_http_buffer_size": MESSAGE_BYTES,
        "ping_interval": 25,
        "ping_timeout": 20,
    }
    return LiveServer(**(defaults | options))


class Hub:
    """All broadcasts that this process shows. `plain` is a text as the checks read it, shown to moderators."""

    def __init__(
        self,
        *,
        store: Redis,
        follower: Redis,
        signer: Signer,
        modules: Mapping[str, CampaignModule[Any]],
        notes: Mapping[str, Note],
        behind_proxy: bool = False,
        clock: Callable[[], float] = time.time,
        plain: Callable[[str], str] = str,
    ) -> None:
        self.server = make_server()
        self._store = store
        self._signer = signer
        self.notes = notes
        self._behind_proxy = behind_proxy
        self._gate = Gate(clock)
        self._presence = Presence(store, secrets.token_hex(4))
        self._feed = Feed(follower)
        self.page_pace = Pace()
        """For long pages. Rooms have one of their own: however many pages are asked for, they are opened."""
        self._rooms = Rooms(self.server, store, self._feed, self._presence, self._send_back, plain)
        self._campaigns = Campaigns(store, follower, modules, self._announce_campaign)
        self._people: dict[str, Person] = {}
        self._seats: dict[str, Room] = {}
        self._acting: set[asyncio.Task[Any]] = set()
        self._leaving = False
        self._listen()

    async def open(self) -> None:
        self._feed.open()
        self._rooms.open()

    async def leave(self) -> None:
        """Take nothing new, finish and acknowledge what was begun, then send everybody elsewhere ("come back").

        Ends within `DRAIN_SECONDS` and the seconds of a close handshake."""
        self._leaving = True
        if self._acting:
            await asyncio.wait(self._acting, timeout=DRAIN_SECONDS)
        await self.server.shutdown()

    @property
    def leaving(self) -> bool:
        """True from `leave` on: nobody new should be let in."""
        return self._leaving

    @property
    def sockets(self) -> int:
        """How many are connected to this process, seated or not."""
        return len(self._people)

    async def close(self) -> None:
        """Let the sockets go, if `leave` has not, and stop following; nothing is kept only here."""
        if not self.leaving:
            await self.leave()
        await self._rooms.close()
        await self._campaigns.close()
        await self._feed.close()

    # ── for pages and sockets alike ──────────────────────────────────────────────────────────────

    async def room(self, code: str) -> Room:
        """The broadcast, loaded and followed; raises Refused("unknown") or Refused("unavailable")."""
        return await self._rooms.get(code)

    async def perform(self, person: Person, code: str, name: str, fields: object) -> Accepted:
        """For forms: as `record`, and returns when this process's state shows it, so that the next page does."""
        accepted = await self.record(person, code, name, fields)
        if name != "campaign":
            with contextlib.suppress(TimeoutError):  # recorded all the same; only the next page may lag
                await (await self.room(code)).reached(accepted.id)
        return accepted

    async def record(self, person: Person, code: str, name: str, fields: object) -> Accepted:
        """Decode, admit, decide, append. Returns when the store has it; raises Refused, and then nothing was kept."""
        if name == "campaign":
            return await self._record_campaign(person, code, decode(CampaignAct, fields))
        act = ACTS[name]
        command = decode(act.command, fields)
        room = await self.room(code)
        person = person.unless_revoked(room.code, room.state.details.revoked)
        turn = act.turn(command)
        once = f"turn:{turn}" if turn else f"{person.viewer}:{command.once}"
        try:
            self._gate.admit(person, name, act, room.code, room.state)
            fact = await self._decide(act, command, person, room)
        except Refused as refused:
            earlier = None if refused.refusal.code == "forbidden" else await room.log.known(once)
            if earlier:  # a retry of what was accepted is not refused afterwards
                return await self._repeated(room, command, earlier)
            raise
        try:
            done = await room.log.append(fact, once=once)
            if isinstance(fact, CommentErased):
                await room.log.erase(*room.state.comments.by_id[fact.comment].written)
        except NotRecorded as error:
            raise refuse("unavailable", error.advice) from None
        return Accepted(id=done.id) if done.fresh else await self._repeated(room, command, done.id)

    async def _repeated(self, room: Room, command: Command, earlier: str) -> Accepted:
        """What an earlier command did; raises Refused where that was another person's, in the same turn."""
        if isinstance(command, DecideComment) and command.turn is not None:
            with contextlib.suppress(TimeoutError):
                await room.reached(earlier)
            if refused := reviewing.taken(room.state, earlier, command):
                raise refused
        return Accepted(id=earlier, repeated=True)

    async def _decide(self, act: Act, command: Command, person: Person, room: Room) -> Fact:
        """A command may name an entry that was acknowledged a moment ago and is not in this state yet: wait for it."""
        seen, given = room.state.as_of, Given(self.notes, self._gate.now_ms())
        try:
            return act.decide(room.state, command, person, given)
        except Refused as refused:
            named = max((getattr(command, field, None) or START for field in NAMING), key=position)
            known = position(seen) < position(named) <= position(await room.log.last_id())
            if refused.refusal.code != "unknown" or not known:
                raise
        with contextlib.suppress(TimeoutError):
            await room.reached(named)
        return act.decide(room.state, command, person, given)

    async def campaigns(self, code: str) -> tuple[CampaignView, ...]:
        """The campaigns of a broadcast with their rankings as of now."""
        room = await self.room(code)
        return tuple([await self._campaigns.view(name) for name in room.state.details.campaigns])

    async def campaign(self, campaign: str) -> LiveCampaign:
        """One campaign, followed, whether or not a broadcast has it; raises Refused("unknown")."""
        return await self._campaigns.get(campaign)

    async def act(self, person: Person, command: CampaignAct) -> Accepted:
        """An organizer's act in a campaign, whether or not a broadcast has it; raises Refused."""
        if not person.organizes:
            raise refuse("forbidden", "only organizers may do this")
        return await self._campaigns.record(person, "", command)

    async def mine(self, campaign: str, person: Person) -> Mapping[str, Any]:
        """What one person sees of themselves in a campaign."""
        return await self._campaigns.mine(campaign, person)

    # ── sockets ──────────────────────────────────────────────────────────────────────────────────

    def _listen(self) -> None:
        self.server.on("connect", self._connected)
        self.server.on("disconnect", self._disconnected)
        self.server.on("join", self._answered(self._join))
        for name in (*ACTS, "campaign"):
            self.server.on(name, self._answered(self._performed, name))

    async def _connected(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        """Any socket may connect; who it is comes from its cookies or, for programs, from `auth`."""
        given = auth if isinstance(auth, dict) else {}
        try:
            cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        except CookieError:
            cookies = SimpleCookie()
        self._people[sid] = self._signer.person(
            _text(given.get("token")) or _morsel(cookies, VIEWER_COOKIE),
            _text(given.get("role")) or _morsel(cookies, ROLE_COOKIE),
            address=address_behind(environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR", ""), self._behind_proxy),
        )

    async def _disconnected(self, sid: str, *_: object) -> None:
        self._people.pop(sid, None)
        if (room := self._seats.pop(sid, None)) is not None:
            room.viewers.leave(sid)
            room.left_at = time.monotonic()

    def _answered(self, handler: Any, *given: Any) -> Any:
        """Wrap a handler so that whatever it refuses is acknowledged as Denied."""

        async def answer(sid: str, *arguments: object) -> object:
            if self._leaving:
                return Denied(error=Refusal(code="unavailable", message="this process is leaving: try again"))
            if (task := asyncio.current_task()) is not None:
                self._acting.add(task)
                task.add_done_callback(self._acting.discard)
            try:
                async with asyncio.timeout(ASKED_SECONDS):
                    return await handler(*given, sid, arguments[0] if arguments else {})
            except Refused as refused:
                return Denied(error=refused.refusal)
            except (RedisError, OSError, TimeoutError):
                return Denied(error=Refusal(code="unavailable", message="the store does not answer: try again"))

        return answer

    async def _join(self, sid: str, fields: object) -> Joined:
        command = decode(Join, fields)
        person = self._person(sid)
        self._gate.slow("join", person)
        room = await self.room(command.broadcast)
        if person.viewer not in room.state.audience.nick_of:
            joined = ViewerJoined(viewer=person.viewer, via=person.via)
            await room.log.append(joined, once=f"join:{person.viewer}")
        there = command.after and await room.log.still_has(command.after)
        campaigns = await self.campaigns(room.code)
        if sid not in self._people:
            raise refuse("not_joined", "the socket has gone")
        person = person.unless_revoked(room.code, room.state.details.revoked)
        self._take_seat(sid, person, room)
        state = room.state
        knows = there and command.epoch == state.epoch and position(command.after) <= position(state.as_of)
        batch = room.missed(command.after, command.last) if knows else room.whole(command.last)
        return Joined(
            viewer=person.viewer,
            mark=mark_of(person.viewer, room.code),
            token=self._signer.viewer_token(person.viewer, person.via),
            role=person.role_in(room.code),
            batch=batch,
            own=tuple(views.own(state, person.viewer)),
            voted=tuple(views.voted(state, person.viewer)),
            campaigns=campaigns,
            review=room.review() if person.moderates(room.code) else None,
            people=self._presence.known(room.code, room.viewers.people),
        )

    def _take_seat(self, sid: str, person: Person, room: Room) -> None:
        earlier = self._seats.get(sid)
        if earlier is not None and earlier is not room:
            earlier.viewers.leave(sid)
        self._seats[sid] = room
        room.viewers.seat(sid, person)

    async def _performed(self, name: str, sid: str, fields: object) -> Accepted:
        room = self._seats.get(sid)
        if room is None:
            raise refuse("not_joined", "join a broadcast first")
        return await self.record(self._person(sid), room.code, name, fields)

    def _person(self, sid: str) -> Person:
        if (person := self._people.get(sid)) is None:
            raise refuse("not_joined", "the socket has gone")
        return person

    # ── beneath ──────────────────────────────────────────────────────────────────────────────────

    async def _record_campaign(self, person: Person, code: str, command: CampaignAct) -> Accepted:
        room = await self.room(code)
        if command.campaign not in room.state.details.campaigns:
            raise refuse("unknown", "this broadcast has no such campaign", field="campaign")
        person = person.unless_revoked(room.code, room.state.details.revoked)
        if not person.organizes:
            self._gate.slow("campaign", person)
        return await self._campaigns.record(person, code, command)

    async def _announce_campaign(self, view: CampaignView) -> None:
        for room in self._rooms:
            if view.id in room.state.details.campaigns:
                await room.viewers.send_all("campaign", view, key=view.id)

    async def _send_back(self, room: Room) -> None:
        for sid in [sid for sid, seat in self._seats.items() if seat is room]:
            await send_back(self.server, sid)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) < 2000 else None


def _morsel(cookies: SimpleCookie, name: str) -> str | None:
    return cookies[name].value if name in cookies else None
