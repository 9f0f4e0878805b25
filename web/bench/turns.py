"""How long one turn of a server's event loop lasts: WebSocket pings of a bystander, answered between two turns.

Called by `fanout.py` while comments go out. A peer that answers no pings has no figure.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from array import array
from contextlib import suppress

EVERY_SECONDS = 0.02
PONG = 10


async def measure_turns(port: int) -> tuple[float, float]:
    """Until cancelled; then the 99th percentile and the longest of the answers, in milliseconds (nan: none came)."""
    waited = array("d")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, OSError):
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        while True:
            sent = time.monotonic()
            writer.write(struct.pack("!BB", 0x89, 0x80) + bytes(4))
            while await _opcode(reader) != PONG:
                pass
            waited.append((time.monotonic() - sent) * 1000)
            await asyncio.sleep(EVERY_SECONDS)
    writer.close()
    if not waited:
        return float("nan"), float("nan")
    ordered = sorted(waited)
    return round(ordered[int(len(ordered) * 0.99)], 2), round(ordered[-1], 2)


async def _opcode(reader: asyncio.StreamReader) -> int:
    """Read one frame, say what it was."""
    first, second = await reader.readexactly(2)
    size = second & 127
    if size >= 126:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    await reader.readexactly(size)
    return first & 15
