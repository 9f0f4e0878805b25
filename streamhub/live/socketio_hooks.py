"""Every private part of python-socketio, python-engineio and aiohttp that we rely on, and nothing else.

`hub.make_server` builds a `LiveServer`: the same Socket.IO, with WebSockets that cost no task, queue or timer
while idle and that take ready-made frames. `RELIED_ON` names what an upgrade must not change unseen;
`tests/protocol/test_contracts.py` fails when it does.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Coroutine, Iterator
from typing import Any, Protocol

import engineio
import socketio
from aiohttp import web, web_protocol
from engineio import async_server, async_socket, base_server, base_socket, exceptions
from engineio.async_drivers import aiohttp as driver
from engineio.packet import CLOSE, MESSAGE, NOOP, OPEN, PING, PONG, UPGRADE, Packet
from socketio import async_manager, base_manager
from socketio import async_server as socketio_server

from streamhub.live.deflate import accepts
from streamhub.live.frames import TEXT, Frame, websocket_frame
from streamhub.live.pings import PingWheel
from streamhub.live.websocket import CLOSE_SECONDS, COME_BACK, PROTOCOL_ERROR, Give, Line, handshake, not_now

SEND_BUFFER = 16 * 1024
"""SO_SNDBUF of a viewer (Linux doubles it): what a stalled one can hold in the kernel."""

HARD_LIMIT = 1024 * 1024
"""Unsent bytes of one viewer after which it is dropped, whatever waits: it comes back and catches up."""

INBOX_LIMIT = 64
"""Messages of one socket that wait to be handled before reading from it pauses."""

POLL_PACKETS = 16
"""Packets in one answer to a poll; python-engineio's client takes no more."""

PING_FRAME = websocket_frame(TEXT, Packet(PING).encode().encode())

_KEPT = ("QUERY_STRING", "REMOTE_ADDR", "HTTP_COOKIE", "HTTP_X_FORWARDED_FOR", "HTTP_ORIGIN")
"""What remains of a request's environment once its connection is a WebSocket: what a connect handler asks for."""

RELIED_ON = (
    base_socket.BaseSocket,
    async_socket.AsyncSocket,
    base_server.BaseServer._get_socket,
    async_server.AsyncServer.handle_request,
    async_server.AsyncServer._handle_connect,
    async_server.AsyncServer._trigger_event,
    async_server.AsyncServer.shutdown,
    driver.translate_request,
    base_manager.BaseManager,
    async_manager.AsyncManager.emit,
    socketio_server.AsyncServer._handle_eio_message,
    socketio_server.AsyncServer._handle_event,
    socketio_server.AsyncServer._engineio_server_class,
    web_protocol.RequestHandler.connection_lost,
    web_protocol.RequestHandler.force_close,
    web_protocol.RequestHandler.start,
    web_protocol.RequestHandler.finish_response,
)


class Seat(Protocol):
    """Whoever sits at a session and gives it frames."""

    def may(self, give: Give, *, deflates: bool) -> None: ...


class EngineSocket(async_socket.AsyncSocket):  # type: ignore[misc] # engineio ships no types
    """One Engine.IO session. `line` is its WebSocket; until there is one, packets wait in `queue` for a poll."""

    closed: bool
    closing: bool
    connected: bool
    last_ping: Any
    queue: Any

    def __init__(self, server: EngineServer, sid: str) -> None:
        super().__init__(server, sid)
        self.line: Line | None = None
        self.give: Give = not_now
        self.deflates = False
        self.seat: Seat | None = None
        self._inbox: deque[Packet | None] | None = None
        self._candidate: Line | None = None

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    async def send(self, pkt: Packet) -> None:
        if self.closed:
            raise exceptions.SocketIsClosedError
        self._put(pkt)

    def push(self, frame: Frame) -> None:
        """After everything that was sent before, however much waits, up to `HARD_LIMIT`."""
        if self.closed:
            return
        if self.line is None:
            self.queue.put_nowait(Packet(MESSAGE, frame.message))
        elif self.line.backlog > HARD_LIMIT:
            self.line.abort()
        else:
            self.line.write(self._wire_of(frame))

    def offer(self, frame: Frame, limit: int, taken: int = -1) -> bool:
        """As `push`, but False and nothing sent if more than `limit` bytes wait already.

        The hot path is `give`, which is tried before: where nothing waits, the kernel takes the frame without a
        detour. `taken` is what it said; a frame that it took in part is completed here."""
        if taken >= 0 and self.line is not None:
            self.line.rest_of(self._wire_of(frame), taken)
        elif self.backlog > limit:
            return False
        else:
            self.push(frame)
        return True

    def _wire_of(self, frame: Frame) -> bytes:
        return frame.compressed if self.deflates else frame.wire

    @property
    def backlog(self) -> int:
        """Bytes that wait to be sent; for a polling client what it has not fetched."""
        if self.line is not None:
            return self.line.backlog
        return sum(len(packet.data or "") for packet in self.queue._queue) if self.queue.qsize() else 0

    def drop(self) -> None:
        """Hang up without a word: the client comes back by itself."""
        if self.line is not None:
            self.line.abort()
        else:
            self.server.spawn(self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE))

    def _put(self, pkt: Packet) -> None:
        if self.line is None:
            self.queue.put_nowait(pkt)
        elif self.line.backlog > HARD_LIMIT:
            self.line.abort()
        else:
            self.line.send(pkt.encode())

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None, code: int = 1000) -> None:
        """As engineio's, but the WebSocket is closed too, and a client that does not poll is not waited for."""
        if self.closed or self.closing:
            return
        self.closing = True
        self.server.wheel.forget(self)
        await self.server._trigger_event(
            "disconnect", self.sid, reason or self.server.reason.SERVER_DISCONNECT, run_async=False
        )
        if self.line is None:
            self._put(Packet(NOOP if abort else CLOSE))  # ends the poll that is open
        elif not abort:
            self._put(Packet(CLOSE))
        self.closed = True
        for line in (self.line, self._candidate):
            if line is not None:
                line.close(code)
        self.server.sockets.pop(self.sid, None)

    async def poll(self) -> list[Packet]:
        """What waits for a polling client; returns at once if the session has moved to its WebSocket."""
        queue: asyncio.Queue[Packet] | None = self.queue
        if queue is None:
            return [Packet(NOOP)]
        try:
            packets = [await asyncio.wait_for(queue.get(), self.server.ping_interval + self.server.ping_timeout)]
        except TimeoutError:
            raise exceptions.QueueEmpty from None
        while not queue.empty() and len(packets) < POLL_PACKETS:
            packets.append(queue.get_nowait())
        for _ in packets:
            queue.task_done()
        return packets

    # ── pings ────────────────────────────────────────────────────────────────────────────────────

    async def check_ping_timeout(self) -> bool:
        """The wheel looks after that."""
        if self.closed:
            raise exceptions.SocketIsClosedError
        return True

    def schedule_ping(self) -> None:
        if self.last_ping:  # an answer that nobody asked for changes nothing
            self.last_ping = None
            self.server.wheel.rest(self)

    def ping(self) -> None:
        if not self.closing and not self.closed:
            self.last_ping = True
            if self.line is not None:
                self.line.write(PING_FRAME)
            else:
                self._put(Packet(PING))

    def expire(self) -> None:
        self.server.spawn(self.close(wait=False, reason=self.server.reason.PING_TIMEOUT))

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    async def _upgrade_websocket(self, environ: dict[str, Any]) -> web.StreamResponse:
        """Take the connection from aiohttp: first transport of a new session, or a polling session's upgrade."""
        if self.upgraded or self._candidate is not None:
            return web.Response(status=400, text="this session has its WebSocket already")
        request: web.Request = environ["aiohttp.request"]
        offers = ",".join(request.headers.getall("Sec-WebSocket-Extensions", ()))
        deflates = accepts(offers, request.headers.get("User-Agent", ""))
        answer = handshake(request.headers, deflates=deflates)
        if answer is None or request.transport is None:
            return web.Response(status=400, text="not a WebSocket handshake")
        transport = request.transport
        limit: int = self.server.max_http_buffer_size
        line = Line(transport, self, limit, _direct(transport), self._give, deflates=deflates)
        release(request, line)
        line.transport.write(answer)
        if self.connected:
            self._candidate = line
            self.upgrading = True
        else:
            self.connected = True
            self._use(line)
        kept = {name: environ[name] for name in _KEPT if name in environ}
        environ.clear()
        environ.update(kept)
        return web.Response()

    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        """What is no Engine.IO ends the session, and the answer is 400."""
        try:
            await super().handle_post_request(environ)
        except ValueError as error:
            if not self.closed:
                raise exceptions.EngineIOError from error

    def received(self, message: str | bytes) -> None:
        if message == "3" and self._candidate is None:  # the answer to a ping: what idle viewers cost
            self.schedule_ping()
            return
        try:
            packet = Packet(encoded_packet=message)
        except ValueError:
            self._broken()
            return
        if self._candidate is not None:
            self._probe(packet)
        elif packet.packet_type == PONG:
            self.schedule_ping()
        elif packet.packet_type in (MESSAGE, CLOSE):
            self._enqueue(packet)

    def lost(self) -> None:
        if self._candidate is not None:
            self._candidate = None
            self.upgrading = False
        else:
            self._enqueue(None)

    def _probe(self, packet: Packet) -> None:
        line = self._candidate
        if line is None:
            return
        if packet.packet_type == PING and packet.data == "probe":
            line.send("3probe")
            self.queue.put_nowait(Packet(NOOP))  # ends the poll that is open
        elif packet.packet_type == UPGRADE and not self.closed:
            self._candidate = None
            self.upgrading = False
            self._use(line)
        else:
            self._broken()

    def _give(self, give: Give) -> None:
        """From a line: how a frame may be given to it now. One that is still being probed gets none."""
        self.give = not_now if self.line is None else give
        if self.seat is not None:
            self.seat.may(self.give, deflates=self.deflates)

    def _use(self, line: Line) -> None:
        """From here on everything goes through the WebSocket, after what still waited for a poll."""
        self.upgraded = True
        self.line = line
        self.deflates = line.deflates
        queue, self.queue = self.queue, None
        while not queue.empty():
            line.send(queue.get_nowait().encode())
            queue.task_done()
        if not line.backlog:
            line.resume_writing()
        queue.put_nowait(Packet(NOOP))  # should a poll still be open

    def _broken(self) -> None:
        if (line := self._candidate or self.line) is not None:
            line.close(PROTOCOL_ERROR)
            line.transport.close()

    def _enqueue(self, packet: Packet | None) -> None:
        """Handle one after the other; a task lives only as long as there is something to handle."""
        if self._inbox is None:
            self._inbox = deque((packet,))
            self.server.spawn(self._work(self._inbox))
            return
        self._inbox.append(packet)
        if len(self._inbox) == INBOX_LIMIT and self.line is not None:
            self.line.transport.pause_reading()

    async def _work(self, inbox: deque[Packet | None]) -> None:
        while inbox:
            packet = inbox.popleft()
            if packet is None:
                await self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            elif not self.closed:
                await self.receive(packet)
        self._inbox = None
        if self.line is not None and not self.line.transport.is_closing():
            self.line.transport.resume_reading()


class EngineServer(engineio.AsyncServer):  # type: ignore[misc] # engineio ships no types
    """Makes `EngineSocket`s and owns the tasks that they need now and then."""

    _async: dict[str, Any]

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"monitor_clients": False}))
        self._async = self._async | {"translate_request": _environ}
        self.wheel = PingWheel(self.ping_interval, self.ping_timeout)
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def shutdown(self) -> None:
        """Send everybody away with "come back", in at most `CLOSE_SECONDS` and what the handlers take."""
        await self.wheel.stop()
        sockets: list[EngineSocket] = list(self.sockets.values())
        lines = [socket.line for socket in sockets if socket.line is not None]
        leaving = [socket.close(wait=False, code=COME_BACK) for socket in sockets]
        await asyncio.gather(*leaving, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        await asyncio.gather(*(line.gone() for line in lines))
        await super().shutdown()

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> web.StreamResponse | dict[str, Any]:
        """As engineio's, with an `EngineSocket`."""
        sid = self.generate_id()
        session = self.sockets[sid] = EngineSocket(self, sid)
        hello = {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int((self.ping_interval + self.ping_interval_grace_period) * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        await session.send(Packet(OPEN, hello))
        welcome = await self._trigger_event("connect", sid, environ, run_async=False)
        if welcome is not None and welcome is not True:
            del self.sockets[sid]
            return self._unauthorized(welcome or None)  # type: ignore[no-any-return]
        session.schedule_ping()
        if transport == "websocket":
            answer: web.StreamResponse = await session.handle_get_request(environ)
            if session.line is None:
                await session.close(wait=False, abort=True, reason=self.reason.TRANSPORT_ERROR)
            return answer
        session.connected = True
        return self._ok(await session.poll(), headers=self._cookie(sid), jsonp_index=jsonp_index)  # type: ignore[no-any-return]

    def _cookie(self, sid: str) -> list[tuple[str, str]] | None:
        if not self.cookie:
            return None
        named = self.cookie if isinstance(self.cookie, dict) else {"name": self.cookie, "path": "/", "SameSite": "Lax"}
        return [("Set-Cookie", self._generate_sid_cookie(sid, named))]


class Manager(socketio.AsyncManager):  # type: ignore[misc] # python-socketio ships no types
    """A socket is its own room without a room being kept for it: a client costs two small entries."""

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        if room != sid:
            super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        several = hasattr(room, "__len__") and not isinstance(room, str)
        found: dict[str, str] = {}
        for name in room if several else [room]:
            if name is not None and self.is_sid_room(namespace, name):
                found[name] = self.rooms[namespace][None][name]
            else:
                found.update(super().get_participants(namespace, name))
        yield from found.items()

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        here = self.is_sid_room(namespace, sid)
        return [*([sid] if here else []), *super().get_rooms(sid, namespace)]


class LiveServer(socketio.AsyncServer):  # type: ignore[misc] # python-socketio ships no types
    """python-socketio's server over `EngineServer`; a packet that is no Socket.IO ends its connection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"client_manager": Manager()} | options))

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        try:
            if isinstance(data, bytes) and eio_sid not in self._binary_packet:
                raise ValueError("a binary attachment of nothing")
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, LookupError, TypeError) as error:
            self.logger.warning("a packet that is no Socket.IO ended its connection (%s)", type(error).__name__)
            if (session := self.eio.sockets.get(eio_sid)) is not None:
                await session.close(wait=False, reason=self.reason.TRANSPORT_ERROR)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            raise ValueError("an event is a list that begins with its name")
        await super()._handle_event(eio_sid, namespace, id, data)


def socket_of(server: socketio.AsyncServer, sid: str) -> EngineSocket | None:
    """The session under a Socket.IO client of the default namespace."""
    return server.eio.sockets.get(server.manager.eio_sid_from_sid(sid, "/"))  # type: ignore[no-any-return]


async def send_back(server: socketio.AsyncServer, sid: str) -> None:
    """Close the connection so that its client comes back by itself, which it does not after a `disconnect`."""
    if (session := socket_of(server, sid)) is not None:
        await session.close(wait=False, code=COME_BACK)


def release(request: web.Request, line: Line) -> None:
    """Give `line` the connection; aiohttp forgets it: its parser, its task and the request go.

    The answer that aiohttp's handler still returns finds no transport and is dropped."""
    transport = line.transport
    if (raw := transport.get_extra_info("socket")) is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    transport.set_protocol(line)
    handler: Any = request.protocol
    handler.transport = None  # else `connection_lost` closes it
    handler.connection_lost(None)
    transport.resume_reading()


def _direct(transport: asyncio.Transport) -> Give:
    """The `send` of the socket that asyncio holds; `not_now` over TLS and on loops that hold none."""
    if transport.get_extra_info("sslcontext") is not None:
        return not_now
    return getattr(getattr(transport.get_extra_info("socket"), "_sock", None), "send", not_now)


def _environ(request: web.Request) -> dict[str, Any]:
    """As the driver's, with the address that really called."""
    environ: dict[str, Any] = driver.translate_request(request)
    environ["REMOTE_ADDR"] = request.remote or ""
    return environ
