"""How long one turn of a server's event loop lasts: WebSocket pings of a bystander, answered between two turns.

Called by `fanout.py` while comments go out, and by `opening.py`. A peer that answers no pings has no figure.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from array import array
from contextlib import suppress

import msgspec

EVERY_SECONDS = 0.02
PONG = 10


class Turns(msgspec.Struct, kw_only=True):
    """Milliseconds until a ping was answered, 99th percentile and longest (nan: none was). `own` is the processor
    time that the server took meanwhile: what is left when other processes on its core are taken away."""

    p99_ms: float
    max_ms: float
    own_p99_ms: float
    own_max_ms: float


async def measure_turns(port: int, pid: int, every: float = EVERY_SECONDS) -> Turns:
    """Until cancelled; the next ping so long after the answer to the last."""
    waited, used = array("d"), array("d")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, OSError):
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        while True:
            sent, before = time.monotonic(), _processor_seconds(pid)
            writer.write(struct.pack("!BB", 0x89, 0x80) + bytes(4))
            while await _opcode(reader) != PONG:
                pass
            used.append((_processor_seconds(pid) - before) * 1000)
            waited.append((time.monotonic() - sent) * 1000)
            await asyncio.sleep(every)
    writer.close()
    return Turns(p99_ms=_high(waited), max_ms=_high(waited, 1), own_p99_ms=_high(used), own_max_ms=_high(used, 1))


def _high(values: array[float], share: float = 0.99) -> float:
    if not values:
        return float("nan")
    return round(sorted(values)[min(int(len(values) * share), len(values) - 1)], 2)


def _processor_seconds(pid: int) -> float:
    """Of all threads of a process, to the moment, by the clock that the kernel (Linux) has for it."""
    return time.clock_gettime((~pid << 3) | 2)


async def _opcode(reader: asyncio.StreamReader) -> int:
    """Read one frame, say what it was."""
    first, second = await reader.readexactly(2)
    size = second & 127
    if size >= 126:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    await reader.readexactly(size)
    return first & 15
