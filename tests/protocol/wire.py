"""A WebSocket client that sends every byte by hand: it can break the rules, read slowly, or not at all."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import struct
import zlib

CHROMIUM = "permessage-deflate; client_max_window_bits"
"""What browsers offer."""


class Wire:
    """`reader` and `writer` are the bare connection. `compressed`: how many compressed messages came."""

    answer: str

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.compressed = 0

    @classmethod
    async def open(
        cls,
        port: int,
        query: str = "EIO=4&transport=websocket",
        *,
        key: str = "",
        receive_buffer: int = 0,
        offers: tuple[str, ...] = (),
        agent: str = "",
    ) -> Wire:
        """Handshake with a header line for each of `offers`; `answer` is what came back."""
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=2**16)
        key = key or base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /socket.io/?{query} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nUser-Agent: {agent}\r\n".encode()
            + "".join(f"Sec-WebSocket-Extensions: {offer}\r\n" for offer in offers).encode()
            + b"\r\n"
        )
        wire = cls(reader, writer)
        wire.answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        return wire

    @property
    def deflates(self) -> bool:
        """Compression was agreed on."""
        return "permessage-deflate" in self.answer

    def frame(self, payload: bytes, opcode: int = 1, *, final: bool = True, mask: bool = True, flags: int = 0) -> bytes:
        size = len(payload)
        head = bytes([(0x80 if final else 0) | flags | opcode])
        bit = 0x80 if mask else 0
        if size < 126:
            head += bytes([bit | size])
        elif size < 65536:
            head += struct.pack("!BH", bit | 126, size)
        else:
            head += struct.pack("!BQ", bit | 127, size)
        key = os.urandom(4) if mask else b""
        return head + key + bytes(b ^ key[i % 4] for i, b in enumerate(payload)) if mask else head + payload

    def send(self, payload: bytes, opcode: int = 1, **rules: object) -> None:
        self.writer.write(self.frame(payload, opcode, **rules))  # type: ignore[arg-type]

    async def receive(self) -> tuple[int, bytes]:
        """Opcode and payload of a frame, decompressed by itself where it says that it is compressed."""
        first, second = await self.reader.readexactly(2)
        assert not second & 0x80 and first & 0x80, "servers send whole, unmasked frames"
        size = second & 127
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        payload = await self.reader.readexactly(size)
        if first & 0x70:
            assert first & 0x70 == 0x40 and first & 15 in (1, 2) and self.deflates, "compressed as was agreed"
            self.compressed += 1
            payload = zlib.decompressobj(-15).decompress(payload + b"\0\0\xff\xff")
        return first & 15, payload

    async def text(self) -> str:
        opcode, payload = await self.receive()
        assert opcode == 1
        return payload.decode()

    async def close_code(self) -> int:
        """What the server closes with; it then ends the connection."""
        async with asyncio.timeout(5):
            while (frame := await self.receive())[0] != 8:
                pass
            self.send(frame[1], 8)
            assert await self.reader.read() == b""
        return int.from_bytes(frame[1][:2], "big")

    async def hang_up(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)
