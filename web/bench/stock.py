"""A peer to measure beside: python-socketio as it comes. `python -m web.bench.stock PORT TICK-MS`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Any

import socketio
from aiohttp import web


def make(tick_ms: int) -> web.Application:
    server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
    waiting: list[Any] = []

    async def said(sid: str, comment: Any) -> None:
        if tick_ms:
            waiting.append(comment)
        else:
            await server.emit("c", comment)

    async def tick(_: web.Application) -> AsyncIterator[None]:
        async def forever() -> None:
            while True:
                await asyncio.sleep(tick_ms / 1000)
                if waiting:
                    together, waiting[:] = list(waiting), []
                    await server.emit("c", together)

        task = asyncio.create_task(forever()) if tick_ms else None
        yield
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    server.on("c", said)
    app = web.Application()
    app.cleanup_ctx.append(tick)
    server.attach(app)
    return app


if __name__ == "__main__":
    web.run_app(
        make(int(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), print=lambda *_: None, backlog=2048,
        access_log=None,
    )  # fmt: skip
