"""Several hub processes on one machine, one port: a request that reached the wrong process is handed to the right one.

Long polling needs it: each request may land in another process than the one that knows the session. Every
session id begins with its hub's name; each hub also listens on a Unix socket under that name. Used by `web/app.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import socketio
from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, WSMsgType, web
from multidict import CIMultiDict

from streamhub.record.store import socket_path

PATH = "/socket.io/"
CONNECT_SECONDS = 2.0
POLL_SECONDS = 60.0
"""Longer than any long poll is held (the ping interval)."""

OWN_TO_A_CONNECTION = {
    "connection", "keep-alive", "upgrade", "transfer-encoding", "content-length", "sec-websocket-key",
    "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-accept",
}  # fmt: skip


class Neighbours:
    """`name` is this hub's, unique on the machine; `folder` is where all of them keep their sockets."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = folder
        self._sessions: dict[str, ClientSession] = {}

    @property
    def socket(self) -> str:
        """Where this hub listens for its neighbours."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return socket_path(self._folder, f"{self.name}.sock")

    def sign(self, server: socketio.AsyncServer) -> None:
        """From now on session ids of this server begin with the hub's name."""
        generate = server.eio.generate_id
        server.eio.generate_id = lambda: f"{self.name}.{generate()}"

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def hand_over(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """The answer of the hub that owns the session; of this one, if it does or if the owner is gone (the client
        is then told that the session is unknown, and comes back with a fresh one)."""
        owner, dot, _ = request.query.get("sid", "").partition(".")
        if not request.path.startswith(PATH) or not dot or owner == self.name or not owner.replace("-", "").isalnum():
            return await handler(request)
        path = socket_path(self._folder, f"{owner}.sock")
        if not Path(path).exists():
            return await handler(request)
        session = self._sessions.get(owner)
        if session is None:
            timeout = ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=POLL_SECONDS)
            session = self._sessions[owner] = ClientSession(connector=UnixConnector(path, limit=0), timeout=timeout)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._splice(session, request)
            return await self._forward(session, request)
        except (ClientError, OSError, TimeoutError):
            return await handler(request)

    async def _forward(self, session: ClientSession, request: web.Request) -> web.Response:
        body = await request.read()
        async with session.request(
            request.method, f"http://hub{request.path_qs}", data=body or None, headers=_passed_on(request.headers)
        ) as answer:
            return web.Response(
                status=answer.status, body=await answer.read(), headers=_passed_on(answer.headers, "content-encoding")
            )

    async def _splice(self, session: ClientSession, request: web.Request) -> web.WebSocketResponse:
        """An upgrade of a session that began with polling elsewhere: pass messages both ways until one side ends."""
        url = f"http://hub{request.path_qs}"
        async with session.ws_connect(
            url, headers=_passed_on(request.headers), autoping=False, max_msg_size=0
        ) as there:
            here = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=0)
            await here.prepare(request)
            ways = {asyncio.create_task(_pump(here, there)), asyncio.create_task(_pump(there, here))}
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                await here.close()
        return here


async def _pump(source: Any, sink: Any) -> None:
    with contextlib.suppress(ConnectionError, ClientError):
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await sink.send_bytes(message.data)
            elif message.type is WSMsgType.PING:
                await sink.ping(message.data)
            elif message.type is WSMsgType.PONG:
                await sink.pong(message.data)


def _passed_on(headers: Any, *without: str) -> CIMultiDict[str]:
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if name.lower() not in OWN_TO_A_CONNECTION and name.lower() not in without
    )
