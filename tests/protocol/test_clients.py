"""Stock clients as they are: python-socketio's here, socket.io-client in JavaScript beneath, on every transport."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import socketio

from tests.protocol.conftest import Running, Start
from web.node import BIN

TRANSPORTS = {"polling": ["polling"], "upgrade": None, "websocket": ["websocket"]}

Connect = Callable[..., Awaitable[socketio.AsyncClient]]


@pytest.fixture(params=TRANSPORTS, name="transports")
def transports_(request: pytest.FixtureRequest) -> list[str] | None:
    return TRANSPORTS[request.param]


@pytest.fixture
async def running(start: Start) -> Running:
    return await start(max_http_buffer_size=20_000)


@pytest.fixture
async def connect(running: Running, transports: list[str] | None) -> AsyncIterator[Connect]:
    clients: list[socketio.AsyncClient] = []

    async def make(**options: Any) -> socketio.AsyncClient:
        client = socketio.AsyncClient(reconnection=False)
        await client.connect(running.url, **({"transports": transports, "wait_timeout": 5} | options))
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.disconnect()


async def test_acknowledgements_and_binary_in_both_directions(connect: Connect, running: Running) -> None:
    client = await connect(auth={"who": "Ann"})
    client.on("question", lambda text: ("42", text))
    assert running.seen[0][2] == {"who": "Ann"}
    assert await client.call("echo", "珊瑚 🐠") == "珊瑚 🐠"
    assert await client.call("echo", {"raw": b"\x00\xff", "list": [b"1", {"deep": b""}]}) == {
        "raw": b"\x00\xff", "list": [b"1", {"deep": b""}],
    }  # fmt: skip
    assert await client.call("echo", (1, b"2")) == (1, b"2")
    assert await client.call("ask") == ("42", "6 x 7")


async def test_everything_arrives_once_and_in_order(connect: Connect) -> None:
    clients = [await connect() for _ in range(3)]
    got: list[list[int]] = [[] for _ in clients]
    for client, mine in zip(clients, got, strict=True):
        client.on("said", mine.append)
    for n in range(60):
        await clients[0].call("say", n)
    async with asyncio.timeout(10):
        while any(len(mine) < 60 for mine in got):
            await asyncio.sleep(0.01)
    assert got == [list(range(60))] * 3


async def test_rooms_namespaces_and_refusal(connect: Connect, running: Running) -> None:
    ann = await connect(namespaces=["/", "/other"])
    bo = await connect()
    assert await ann.call("echo", 1, namespace="/other") == 1
    mine = await ann.call("enter", "reef")
    assert sorted(mine) == sorted([ann.get_sid(), "reef"])
    heard: dict[str, list[str]] = {"ann": [], "bo": []}
    ann.on("roomed", lambda data: heard["ann"].append(data))
    bo.on("roomed", lambda data: heard["bo"].append(data))
    await bo.call("to_room", ("reef", "one"))
    await bo.call("to_room", (ann.get_sid(), "two"))
    assert await bo.call("echo", 1) == 1
    assert await ann.call("echo", 1) == 1
    assert heard == {"ann": ["one", "two"], "bo": []}
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connect(auth={"refuse": True})
    with pytest.raises(socketio.exceptions.ConnectionError):
        await connect(namespaces=["/nowhere"])


async def test_leaving_is_clean_on_both_sides(connect: Connect, running: Running) -> None:
    ann, bo = await connect(), await connect()
    put_out = asyncio.Event()
    bo.on("disconnect", lambda *_: put_out.set())
    await ann.disconnect()
    await bo.emit("leave")
    await asyncio.wait_for(put_out.wait(), 5)
    async with asyncio.timeout(5):
        while running.server.eio.sockets:
            await asyncio.sleep(0.01)
    reasons = {entry[2] for entry in running.seen if entry[0] == "disconnect"}
    assert "server disconnect" in reasons and len(reasons) == 2
    assert reasons < {"client disconnect", "transport close", "server disconnect"}
    assert running.server.environ == {} and running.server.manager.rooms == {}


async def test_a_cable_that_is_pulled_is_noticed(connect: Connect, running: Running) -> None:
    client = await connect()
    if client.eio.current_transport != "websocket":
        return
    client.eio.ws._response.connection.transport.abort()
    async with asyncio.timeout(5):
        while running.server.eio.sockets:
            await asyncio.sleep(0.01)
    assert running.seen[-1][2] == "transport close"


async def test_the_javascript_client(running: Running, transports: list[str] | None) -> None:
    """`client.mjs` prints one line of JSON with what it found."""
    process = await asyncio.create_subprocess_exec(
        BIN / "node", Path(__file__).with_name("client.mjs"), running.url, json.dumps(transports),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 30)
    found = json.loads(printed)
    # Over polling both the refused post and the closing poll tell of it: which of the two is read first is chance.
    told = {"transport close", "transport error"} if transports == ["polling"] else {"transport close"}
    assert found.pop("tooBig") in told
    assert found == {
        "transport": "polling" if transports == ["polling"] else "websocket",
        "compresses": transports != ["polling"],
        "echo": {"珊瑚": ["🐠", {"deep": [1, None]}]},
        "binary": [0, 255, 7],
        "asked": "42 6 x 7",
        "other": "over there",
        "said": list(range(50)),
        "refused": "Connection rejected by server",
        "back": True,
        "left": "io server disconnect",
    }
