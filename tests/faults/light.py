"""A viewer that costs next to nothing, so that a thousand fit into one test: a bare WebSocket that joins and reads."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
from typing import Any

from streamhub.state.projection import position
from tests.protocol.wire import Wire
from tests.running import Running

CLOSE = 8


class Light:
    """`shown` are the comments in the order in which they came; `after` and `epoch` name where it stands."""

    def __init__(self, running: Running, code: str) -> None:
        self.running = running
        self.code = code
        self.token = self.after = self.epoch = ""
        self.shown: list[str] = []
        self.resets = 0
        self.closed_with = 0
        self.wire: Wire
        self._reading: asyncio.Task[None] | None = None

    async def come(self) -> None:
        """Join with the position that it has; then read in the background."""
        self.closed_with = 0
        self.wire = await Wire.open(self.running.port)
        await self.wire.text()
        self.wire.send(b"40" + json.dumps({"token": self.token}).encode())
        await self.wire.text()
        place = {"broadcast": self.code, "after": self.after, "epoch": self.epoch}
        self.wire.send(b"421" + json.dumps(["join", place]).encode())
        while not (text := await self.wire.text()).startswith("431"):
            self._take(text)
        joined = json.loads(text[3:])[0]
        assert joined["ok"], joined
        self.token = joined["token"]
        self._apply(joined["batch"])
        self._reading = asyncio.create_task(self._read())

    async def come_back(self) -> None:
        """As a client does: again until it succeeds."""
        while True:
            with contextlib.suppress(OSError, EOFError):
                await self.come()
                return
            await asyncio.sleep(0.2)

    async def leave(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.wire.hang_up()

    async def closed(self) -> int:
        """The code with which the server sent it away; 0 if the connection just ended."""
        assert self._reading is not None
        await self._reading
        return self.closed_with

    async def _read(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                opcode, payload = await self.wire.receive()
                if opcode == CLOSE:
                    self.closed_with = int.from_bytes(payload[:2], "big")
                    self.wire.send(payload, CLOSE)
                    return
                self._take(payload.decode())

    def _take(self, text: str) -> None:
        if text == "2":
            self.wire.send(b"3")
        elif text.startswith('42["batch"'):
            self._apply(json.loads(text[2:])[1])

    def _apply(self, batch: Any) -> None:
        if batch.get("reset"):
            self.resets += bool(self.epoch)
            self.shown.clear()
        self.shown += [comment["id"] for comment in batch.get("comments", [])]
        if batch.get("reset") or position(batch["as_of"]) > position(self.after or "0-0"):
            self.after = batch["as_of"]
        self.epoch = batch["epoch"]


def allow_many() -> None:
    """Each viewer takes a file of this process."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
