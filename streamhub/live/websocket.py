"""One WebSocket connection (RFC 6455, server side) as an asyncio protocol: no task, queue or timer while idle.

`socketio_hooks.py` puts a `Line` on a transport once the handshake is answered. Whole messages go to its
`Receiver`; frames are written as they are, in the order of the calls, one `write` each, so that no frame
overtakes or splits another. Each message is compressed by itself or not at all (`deflate.py`).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import struct
from collections.abc import Callable, Mapping
from typing import Protocol

from streamhub.live.deflate import ACCEPTED, decompress
from streamhub.live.frames import BINARY, COMPRESSED, TEXT, websocket_frame

CONTINUATION, CLOSE, PING, PONG = 0, 8, 9, 10

GOING_AWAY, PROTOCOL_ERROR, BAD_DATA, TOO_BIG, COME_BACK = 1001, 1002, 1007, 1009, 1012

CLOSE_SECONDS = 5.0
"""How long the other side has to answer a close frame and take what was written before."""

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CODES = (*range(1000, 1004), *range(1007, 1015), *range(3000, 5000))
"""Those that a close frame may carry."""
_DEFLATES = f"Sec-WebSocket-Extensions: {ACCEPTED}\r\n".encode()


Give = Callable[[bytes], int]
"""Takes bytes of a whole frame now and says how many; -1 if none can be taken this way."""


def not_now(_: bytes) -> int:
    return -1


class Receiver(Protocol):
    """Who gets what a line brings. None of these may block; `lost` is called exactly once."""

    def received(self, message: str | bytes) -> None: ...
    def lost(self) -> None: ...


class Broken(Exception):
    """The other side broke the protocol; `code` goes into the close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def handshake(headers: Mapping[str, str], *, deflates: bool) -> bytes | None:
    """The whole 101 answer, or None if this is no proper WebSocket request. `deflates`: compression is agreed on."""
    key = headers.get("Sec-WebSocket-Key", "")
    try:
        proper = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        proper = False
    if not proper or headers.get("Sec-WebSocket-Version") != "13":
        return None
    accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n" + (_DEFLATES if deflates else b"") + b"\r\n"
    )


class Line(asyncio.Protocol):
    """Reads frames into messages of at most `limit` bytes, answers pings and the close handshake by itself."""

    __slots__ = (
        "_buffer", "_direct", "_give_to", "_limit", "_opcode", "_parts", "_receiver", "_timer", "closing",
        "deflates", "transport",
    )  # fmt: skip

    def __init__(
        self,
        transport: asyncio.Transport,
        receiver: Receiver,
        limit: int,
        direct: Give,
        give_to: Callable[[Give], None],
        *,
        deflates: bool = False,
    ) -> None:
        """`direct` is `send` of the socket beneath, or `not_now` where there is none without TLS. `give_to` is told
        which of the two may be used, each time that changes: straight to the socket only while nothing waits."""
        self.transport = transport
        self.deflates = deflates
        transport.set_write_buffer_limits(high=0)  # paused as soon as anything waits, resumed when nothing does
        self._direct = direct
        self._give_to = give_to
        self._receiver: Receiver | None = receiver
        self._limit = limit
        self._buffer = b""
        self._parts: bytearray | None = None
        self._opcode = 0
        self.closing = False
        self._timer: asyncio.TimerHandle | None = None

    # ── out ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def backlog(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self.transport.get_write_buffer_size()

    def write(self, frame: bytes) -> None:
        """One whole frame, after all that were written before. After the close frame nothing more is sent."""
        if not self.closing and not self.transport.is_closing():
            self.transport.write(frame)

    def pause_writing(self) -> None:
        self._give_to(not_now)

    def resume_writing(self) -> None:
        """All is taken: from here on frames may go straight to the socket again."""
        if not self.closing:
            self._give_to(self._direct)

    def rest_of(self, frame: bytes, taken: int) -> None:
        """What the kernel did not take of a frame that was given straight to the socket, before all that follows."""
        self.transport.write(frame[taken:])

    def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.write(websocket_frame(TEXT, message.encode()))
        else:
            self.write(websocket_frame(BINARY, message))

    def close(self, code: int = 1000) -> None:
        """Start the close handshake; it ends within `CLOSE_SECONDS` whatever the other side does."""
        if self.closing or self.transport.is_closing():
            return
        self._give_to(not_now)
        self.write(websocket_frame(CLOSE, struct.pack("!H", code)))
        self.closing = True
        self._timer = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self.transport.abort)

    async def gone(self) -> None:
        """Return when the connection has ended; after `close`."""
        while self._receiver is not None:
            await asyncio.sleep(0.01)

    def abort(self) -> None:
        """Drop the connection and what was not taken."""
        self._give_to(not_now)
        self.transport.abort()

    # ── in ───────────────────────────────────────────────────────────────────────────────────────

    def connection_lost(self, exc: Exception | None) -> None:
        self._give_to(not_now)
        if self._timer is not None:
            self._timer.cancel()
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.lost()

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        at = 0
        try:
            while (end := self._frame(data, at)) is not None:
                at = end
                if self.transport.is_closing():
                    return
        except Broken as broken:
            self._refuse(broken.code)
            return
        self._buffer = data[at:]

    def _refuse(self, code: int) -> None:
        """Say why and hang up: what follows a broken frame cannot be read."""
        self.close(code)
        self._buffer = b""
        self.transport.close()

    def _frame(self, data: bytes, at: int) -> int | None:
        """Take one frame at `at`; returns where the next begins, or None if it is not all there yet."""
        there = len(data) - at
        if there < 2:
            return None
        first, second = data[at], data[at + 1]
        opcode, size, head = first & 15, second & 127, 2
        if not second & 0x80 or (first & 0x70 and not self._compressed(first)):
            raise Broken(PROTOCOL_ERROR)
        if opcode >= CLOSE and (size > 125 or not first & 0x80):
            raise Broken(PROTOCOL_ERROR)
        if size >= 126:
            head = 4 if size == 126 else 10
            if there < head:
                return None
            size = int.from_bytes(data[at + 2 : at + head], "big")
        if size > self._limit:
            raise Broken(TOO_BIG)
        start = at + head + 4
        if len(data) < start + size:
            return None
        payload = _unmasked(data[start : start + size], data[start - 4 : start])
        if opcode >= CLOSE:
            self._control(opcode, payload)
        else:
            self._data(first & 0x4F, payload, final=bool(first & 0x80))
        return start + size

    def _compressed(self, first: int) -> bool:
        """Whether the reserved bits of a frame say that it begins a compressed message, which was agreed on."""
        return self.deflates and first & 0x70 == COMPRESSED and first & 15 in (TEXT, BINARY)

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.write(websocket_frame(PONG, payload))
        elif opcode == CLOSE:
            self._closed_by_peer(payload)
        elif opcode != PONG:
            raise Broken(PROTOCOL_ERROR)

    def _closed_by_peer(self, payload: bytes) -> None:
        if not self.closing:
            code = int.from_bytes(payload[:2], "big") if payload else 1000
            self.close(code if code in _CODES else PROTOCOL_ERROR)
        self.transport.close()

    def _data(self, opcode: int, payload: bytes, *, final: bool) -> None:
        if opcode & 15 not in (CONTINUATION, TEXT, BINARY) or (opcode == CONTINUATION) == (self._parts is None):
            raise Broken(PROTOCOL_ERROR)
        if self.closing:
            return
        if final and opcode:
            self._deliver(opcode, payload)
            return
        if self._parts is None:
            self._parts, self._opcode = bytearray(), opcode
        self._parts += payload
        if len(self._parts) > self._limit:
            raise Broken(TOO_BIG)
        if final:
            whole, self._parts = bytes(self._parts), None
            self._deliver(self._opcode, whole)

    def _deliver(self, opcode: int, payload: bytes) -> None:
        if self._receiver is None:
            return
        try:
            if opcode & COMPRESSED:
                payload = decompress(payload, self._limit)
            if len(payload) > self._limit:
                raise Broken(TOO_BIG)
            message = payload if opcode & 15 == BINARY else payload.decode()
        except ValueError:  # not deflated, or no UTF-8
            raise Broken(BAD_DATA) from None
        self._receiver.received(message)


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    if not size:
        return payload
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
