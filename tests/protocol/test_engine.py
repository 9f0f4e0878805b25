"""Engine.IO v4 and WebSocket rules, byte by byte, over plain HTTP and a plain socket."""

from __future__ import annotations

import asyncio
import json
import struct
import time

import aiohttp
import pytest

from tests.protocol.conftest import Running, Start
from tests.protocol.wire import Wire

FAST = {"ping_interval": 0.3, "ping_timeout": 0.2}


async def joined(running: Running) -> Wire:
    wire = await Wire.open(running.port)
    assert (await wire.text()).startswith("0{")
    wire.send(b"40")
    assert (await wire.text()).startswith("40{")
    return wire


async def polled(http: aiohttp.ClientSession, running: Running) -> str:
    async with http.get(running.poll_url) as answer:
        return str(json.loads((await answer.text())[1:])["sid"])


async def test_handshakes_say_what_the_server_keeps(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start(ping_interval=7, ping_timeout=3, max_http_buffer_size=5000)
    async with http.get(running.poll_url) as answer:
        text = await answer.text()
    hello = json.loads(text[1:])
    assert (text[0], hello["upgrades"]) == ("0", ["websocket"])
    assert (hello["pingInterval"], hello["pingTimeout"], hello["maxPayload"]) == (7000, 3000, 5000)
    wire = await Wire.open(running.port)
    assert wire.answer.startswith("HTTP/1.1 101 ") and not wire.deflates
    assert json.loads((await wire.text())[1:])["upgrades"] == []
    await wire.hang_up()


@pytest.mark.parametrize(
    "query",
    ["transport=polling", "EIO=3&transport=polling", "EIO=4&transport=carrier", "EIO=4&transport=polling&sid=nobody"],
)
async def test_bad_requests_are_refused(start: Start, http: aiohttp.ClientSession, query: str) -> None:
    running = await start()
    async with http.get(f"{running.url}/socket.io/?{query}") as answer:
        assert answer.status == 400


async def test_a_bad_websocket_handshake_is_refused_and_leaves_nothing(start: Start) -> None:
    running = await start()
    wire = await Wire.open(running.port, key="short")
    assert wire.answer.startswith("HTTP/1.1 400 ")
    await wire.hang_up()
    assert running.server.eio.sockets == {} == running.server.environ


async def test_polling_carries_packets_both_ways_and_ends_cleanly(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start()
    sid = await polled(http, running)
    url = f"{running.poll_url}&sid={sid}"
    async with http.post(url, data='40\x1e421["echo","你好"]\x1e422["echo",2]') as answer:
        assert (answer.status, await answer.text()) == (200, "OK")
    packets: list[str] = []
    while len(packets) < 3:
        async with http.get(url) as answer:
            packets += (await answer.text()).split("\x1e")
    assert packets[1:] == ['431["你好"]', "432[2]"]
    waiting = asyncio.create_task(http.get(url))
    await asyncio.sleep(0.05)
    async with http.post(url, data="1") as answer:
        assert answer.status == 200
    assert await (await waiting).text() == "6"
    async with http.get(url) as answer:
        assert answer.status == 400
    assert running.seen[-1][0] == "disconnect"


async def test_a_packet_that_is_none_ends_a_polling_session(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start()
    url = f"{running.poll_url}&sid={await polled(http, running)}"
    async with http.post(url, data="abc") as answer:
        assert answer.status == 400
    async with http.get(url) as answer:
        assert answer.status == 400


async def test_a_body_that_is_too_long_is_refused(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start(max_http_buffer_size=1000)
    url = f"{running.poll_url}&sid={await polled(http, running)}"
    async with http.post(url, data="4" + "x" * 1000) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("packet", [b"abc", b"", b"4abc", b'42{"a":1}', b"42[]", b"42[7]", b"4", b"451-[1"])
async def test_a_packet_that_is_none_ends_a_websocket(start: Start, packet: bytes) -> None:
    running = await start()
    wire = await joined(running)
    wire.send(packet)
    assert await wire.close_code() in (1000, 1002)
    await wire.hang_up()
    assert running.server.eio.sockets == {}


async def test_pings_come_in_time_and_silence_ends_the_connection(start: Start) -> None:
    running = await start(**FAST)
    wire = await joined(running)
    for _ in range(3):
        before = time.monotonic()
        assert await wire.text() == "2"
        assert time.monotonic() - before < 0.6
        wire.send(b"3")
    assert await wire.text() == "2"
    before = time.monotonic()
    assert await wire.text() == "1"
    await wire.close_code()
    assert 0.15 < time.monotonic() - before < 0.6
    assert running.seen[-1][2] == "ping timeout"
    await wire.hang_up()


async def test_pings_of_a_polling_client(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start(**FAST)
    url = f"{running.poll_url}&sid={await polled(http, running)}"
    async with http.get(url) as answer:
        assert await answer.text() == "2"
    async with http.post(url, data="3") as answer:
        assert answer.status == 200
    async with http.get(url) as answer:
        assert await answer.text() == "2"
    await asyncio.sleep(0.4)
    async with http.get(url) as answer:
        assert answer.status == 400
    assert running.server.eio.sockets == {}


async def test_pongs_that_nobody_asked_for_change_nothing(start: Start) -> None:
    running = await start(**FAST)
    wire = await joined(running)
    before = time.monotonic()
    for _ in range(20):
        wire.send(b"3")
    assert await wire.text() == "2"
    assert 0.2 < time.monotonic() - before < 0.6
    await wire.hang_up()


async def test_the_upgrade_keeps_the_order_and_shuts_polling(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start()
    sid = await polled(http, running)
    url = f"{running.poll_url}&sid={sid}"
    async with http.post(url, data="40"):
        pass
    async with http.get(url) as answer:
        assert (await answer.text()).startswith("40{")
    poll = asyncio.create_task(http.get(url))
    await asyncio.sleep(0.05)
    wire = await Wire.open(running.port, f"EIO=4&transport=websocket&sid={sid}")
    wire.send(b"2probe")
    assert await wire.text() == "3probe"
    assert await (await poll).text() == "6"
    for n in range(5):
        await running.server.emit("said", n)
    wire.send(b"5")
    await asyncio.sleep(0.05)
    await running.server.emit("said", 5)
    assert [await wire.text() for _ in range(6)] == [f'42["said",{n}]' for n in range(6)]
    async with http.get(url) as answer:
        assert answer.status == 400
    second = await Wire.open(running.port, f"EIO=4&transport=websocket&sid={sid}")
    assert second.answer.startswith("HTTP/1.1 400 ")
    wire.send(b'421["echo","still here"]')
    assert await wire.text() == '431["still here"]'
    await second.hang_up()
    await wire.hang_up()


async def test_an_upgrade_that_fails_leaves_polling_as_it_was(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start()
    sid = await polled(http, running)
    url = f"{running.poll_url}&sid={sid}"
    wire = await Wire.open(running.port, f"EIO=4&transport=websocket&sid={sid}")
    wire.send(b"2wrong")
    await wire.close_code()
    await wire.hang_up()
    async with http.post(url, data="40") as answer:
        assert answer.status == 200
    async with http.get(url) as answer:
        assert (await answer.text()).startswith("40{")


@pytest.mark.parametrize("pieces", [1, 2, 7])
async def test_messages_in_fragments_with_pings_between(start: Start, pieces: int) -> None:
    running = await start()
    wire = await joined(running)
    message = '421["echo","珊瑚 🐠"]'.encode()
    cut = [message[n * len(message) // pieces : (n + 1) * len(message) // pieces] for n in range(pieces)]
    for n, part in enumerate(cut):
        wire.send(part, 0 if n else 1, final=n == pieces - 1)
        wire.send(b"are you there", 9)
    got = [await wire.receive() for _ in range(pieces + 1)]
    assert [frame for frame in got if frame[0] == 10] == [(10, b"are you there")] * pieces
    assert [frame[1].decode() for frame in got if frame[0] == 1] == ['431["珊瑚 🐠"]']
    await wire.hang_up()


async def test_one_byte_at_a_time_is_the_same(start: Start) -> None:
    running = await start()
    wire = await joined(running)
    data = wire.frame(b'421["echo",1]') + wire.frame(b"", 9) + wire.frame(b'422["echo",2]')
    for byte in data:
        wire.writer.write(bytes([byte]))
        await wire.writer.drain()
        await asyncio.sleep(0)
    got = sorted([(await wire.receive())[1] for _ in range(3)])
    assert got == [b"", b"431[1]", b"432[2]"]
    await wire.hang_up()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(b"x" * 1001, {})], 1009),
        ([(b"x" * 600, {"final": False}), (b"x" * 600, {"opcode": 0})], 1009),
        ([(b"42", {"mask": False})], 1002),
        ([(b"42", {"flags": 0x40})], 1002),
        ([(b"42", {"opcode": 3})], 1002),
        ([(b"42", {"opcode": 0})], 1002),
        ([(b"42", {"final": False}), (b"42", {})], 1002),
        ([(b"x" * 126, {"opcode": 9})], 1002),
        ([(b"x", {"opcode": 9, "final": False})], 1002),
        ([(b"\xff\xfe", {})], 1007),
        ([(struct.pack("!H", 1000), {"opcode": 8})], 1000),
        ([(b"", {"opcode": 8})], 1000),
        ([(struct.pack("!H", 1005), {"opcode": 8})], 1002),
    ],
)
async def test_broken_and_closing_frames_are_answered_with_their_code(
    start: Start, frames: list[tuple[bytes, dict[str, object]]], code: int
) -> None:
    running = await start(max_http_buffer_size=1000)
    wire = await joined(running)
    for payload, rules in frames:
        wire.send(payload, **({"opcode": 1} | rules))  # type: ignore[arg-type]
    assert await wire.close_code() == code
    await wire.hang_up()
    assert running.seen[-1][0] == "disconnect"
    assert running.server.eio.sockets == {} == running.server.environ


async def test_a_server_that_stops_says_come_back(start: Start, http: aiohttp.ClientSession) -> None:
    running = await start()
    wire = await joined(running)
    await polled(http, running)
    stopping = asyncio.create_task(running.server.shutdown())
    assert await wire.close_code() == 1012
    await asyncio.wait_for(stopping, 5)
    await wire.hang_up()
    assert running.server.eio.sockets == {}


async def test_who_does_not_answer_the_close_is_not_waited_for(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamhub.live.websocket.CLOSE_SECONDS", 0.2)
    running = await start()
    wire = await joined(running)
    before = time.monotonic()
    await running.server.shutdown()
    assert time.monotonic() - before < 2
    await wire.hang_up()


async def test_an_idle_viewer_has_no_task_and_no_queue(start: Start) -> None:
    running = await start()
    before = len(asyncio.all_tasks())
    wires = [await joined(running) for _ in range(20)]
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) <= before + 1, "one ping wheel for all"
    assert all(session.queue is None for session in running.server.eio.sockets.values())
    for wire in wires:
        await wire.hang_up()
