"""What goes over the wire: Structs to JSON once, and one event to the final bytes of its WebSocket frame once.

`viewers.py` builds one `Frame` a tick and writes the same bytes to every socket; `WireJson` is what
python-socketio encodes and decodes all other packets with.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from streamhub.live.deflate import compress

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()

TEXT, BINARY = 1, 2
COMPRESSED = 0x40
"""Beside the opcode of a message's first frame: its payload is deflated (RFC 7692)."""

LEAST_COMPRESSED = 200
"""Bytes of a message that is tried at all: one short comment has about 230, a new number of people 110."""

_HEAD = b"42["
"""Engine.IO "message" and Socket.IO "event" in the default namespace, then the JSON array [name, data]."""


class WireJson:
    """The two functions of the `json` module that Socket.IO calls, over msgspec."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return _ENCODER.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """Raises ValueError, which Socket.IO answers as a malformed packet."""
        try:
            return _DECODER.decode(text)
        except msgspec.MsgspecError as error:
            raise ValueError("malformed JSON") from error


class Frame:
    """One Socket.IO event for many receivers. `wire` is a whole WebSocket frame, unmasked, as servers send.

    `public`: everybody in the room sees all of it. Nothing else is ever compressed: from the length of compressed
    text, who can add to it and watch the line learns something about the rest."""

    __slots__ = ("_compressed", "_packet", "wire")

    def __init__(self, event: str, data: Any, *, public: bool = False) -> None:
        self._packet = b"".join((_HEAD, _ENCODER.encode(event), b",", _ENCODER.encode(data), b"]"))
        self.wire = websocket_frame(TEXT, self._packet)
        self._compressed = None if public and len(self._packet) >= LEAST_COMPRESSED else self.wire

    @property
    def compressed(self) -> bytes:
        """For those who agreed to permessage-deflate; made once, when first asked for. `wire`, if that is no longer."""
        if self._compressed is None:
            self._compressed = min(self.wire, websocket_frame(TEXT | COMPRESSED, compress(self._packet)), key=len)
        return self._compressed

    @property
    def message(self) -> str:
        """For the polling transport: what follows the Engine.IO packet type."""
        return self._packet[1:].decode()


def websocket_frame(opcode: int, payload: bytes) -> bytes:
    """One final, unmasked frame; `opcode` with `COMPRESSED` if the payload is."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
    return head + payload
