"""A server as production makes it, with a few handlers that answer, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
import socketio
from aiohttp import web
from aiohttp.test_utils import TestServer

from streamhub.live.hub import make_server

Start = Callable[..., Awaitable["Running"]]


class Running:
    """`url` of the server, `server` itself, what it saw: (event, sid, ...)."""

    def __init__(self, server: socketio.AsyncServer, http: TestServer) -> None:
        self.server = server
        self.http = http
        self.url = str(http.make_url("/")).rstrip("/")
        self.seen: list[tuple[Any, ...]] = []

    @property
    def port(self) -> int:
        return self.http.port or 0

    @property
    def poll_url(self) -> str:
        return self.url + "/socket.io/?EIO=4&transport=polling"


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    runnings: list[Running] = []

    async def make(**options: Any) -> Running:
        server = make_server(**({"namespaces": ["/", "/other"]} | options))
        app = web.Application()
        server.attach(app)
        http = TestServer(app)
        await http.start_server()
        running = Running(server, http)
        _listen(server, running)
        runnings.append(running)
        return running

    yield make
    for running in runnings:
        await running.server.shutdown()
        await running.http.close()


def _listen(server: socketio.AsyncServer, running: Running) -> None:
    async def connected(sid: str, environ: dict[str, Any], auth: Any = None) -> bool:
        running.seen.append(("connect", sid, auth))
        return not (isinstance(auth, dict) and auth.get("refuse"))

    async def disconnected(sid: str, reason: str) -> None:
        running.seen.append(("disconnect", sid, reason))

    async def echo(sid: str, *data: Any) -> Any:
        return data if len(data) != 1 else data[0]

    async def say(sid: str, data: Any) -> None:
        await server.emit("said", data)

    async def ask(sid: str) -> Any:
        return await server.call("question", "6 x 7", to=sid, timeout=5)

    async def enter(sid: str, room: str) -> list[str]:
        await server.enter_room(sid, room)
        return sorted(server.rooms(sid))

    async def to_room(sid: str, room: str, data: Any) -> None:
        await server.emit("roomed", data, room=room)

    async def put_out(sid: str) -> None:
        await server.disconnect(sid)

    for namespace in ("/", "/other"):
        server.on("connect", connected, namespace=namespace)
        server.on("disconnect", disconnected, namespace=namespace)
        server.on("echo", echo, namespace=namespace)
    for name, handler in (("say", say), ("ask", ask), ("enter", enter), ("to_room", to_room), ("leave", put_out)):
        server.on(name, handler)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session
