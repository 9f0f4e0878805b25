"""permessage-deflate (RFC 7692), byte by byte: who gets it, what may be sent with it, and what a room sees of it."""

from __future__ import annotations

import json
import os
import zlib
from typing import Any

import pytest
import socketio

from streamhub.live import deflate, frames, websocket
from streamhub.live.admission import Person
from streamhub.live.socketio_hooks import socket_of
from streamhub.live.viewers import Viewers
from streamhub.wire import Batch, ShownComment
from tests.protocol.conftest import Running, Start
from tests.protocol.wire import CHROMIUM, Wire

AGREED = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
CHROME = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Mobile Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
SAFARI = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 CriOS/149.0 Mobile/15E148 Safari/604.1"
)
APP = "Reef/1 CFNetwork/3826.500.131 Darwin/24.5.0"
ECHO = '421["echo","珊瑚"]'.encode()
TAIL = b"\x00\x00\xff\xff"
RSV1 = 0x40
LIMIT = 1000


def deflated(message: bytes, *, flush: int = zlib.Z_SYNC_FLUSH, bits: int = 15) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -bits)
    compressed = deflate.compress(message) + deflate.flush(flush)
    return compressed.removesuffix(TAIL) if flush == zlib.Z_SYNC_FLUSH else compressed


async def joined(running: Running, *offers: str, **rules: Any) -> Wire:
    wire = await Wire.open(running.port, offers=offers, **rules)
    assert (await wire.text()).startswith("0{")
    wire.send(b"40")
    assert (await wire.text()).startswith("40{")
    return wire


@pytest.mark.parametrize(
    ("offers", "agent", "taken"),
    [
        ((), CHROME, False),
        ((CHROMIUM,), CHROME, True),
        (("permessage-deflate",), FIREFOX, True),
        (("permessage-deflate; client_max_window_bits=9; server_no_context_takeover",), "", True),
        (('permessage-deflate;client_max_window_bits="12" ;  client_no_context_takeover',), "", True),
        (("permessage-bzip2, permessage-deflate; server_max_window_bits=10, permessage-deflate",), "", True),
        (("permessage-bzip2", CHROMIUM), "", True),
        (("permessage-deflate; server_max_window_bits=10",), "", False),
        (("permessage-deflate; client_max_window_bits=16",), "", False),
        (("permessage-deflate; client_max_window_bits=08",), "", False),
        (("permessage-deflate; server_no_context_takeover=1",), "", False),
        (("permessage-deflate; client_max_window_bits; client_max_window_bits",), "", False),
        (("permessage-deflate; dictionary=reef",), "", False),
        (("x-webkit-deflate-frame",), SAFARI, False),
        (("permessage-deflate",), SAFARI, False),
        (("permessage-deflate",), IPHONE, False),
        (("permessage-deflate",), APP, False),
    ],
)
async def test_it_is_agreed_on_only_where_it_is_offered_and_works(
    start: Start, offers: tuple[str, ...], agent: str, taken: bool
) -> None:
    running = await start()
    wire = await joined(running, *offers, agent=agent)
    assert (AGREED in wire.answer) == taken == ("Sec-WebSocket-Extensions" in wire.answer)
    wire.send(b'421["echo","still here"]')
    assert await wire.text() == '431["still here"]'
    await wire.hang_up()


@pytest.mark.parametrize(
    "payload",
    [
        deflated(ECHO),
        deflated(ECHO, bits=9),
        deflated(ECHO, flush=zlib.Z_FINISH) + b"\x00",
        deflated(ECHO, flush=zlib.Z_FINISH),
        deflated(ECHO[:12]) + TAIL + deflated(ECHO[12:]),
        b"\x00" + len(ECHO).to_bytes(2, "little") + (0xFFFF - len(ECHO)).to_bytes(2, "little") + ECHO + b"\x00",
    ],
    ids=["sync flush", "small window", "last block", "last block, nothing after it", "two blocks", "stored"],
)
@pytest.mark.parametrize("pieces", [1, 3])
async def test_what_clients_compress_is_read(start: Start, payload: bytes, pieces: int) -> None:
    running = await start()
    wire = await joined(running, CHROMIUM)
    cut = [payload[n * len(payload) // pieces : (n + 1) * len(payload) // pieces] for n in range(pieces)]
    for n, part in enumerate(cut):
        wire.send(part, 0 if n else 1, final=n == pieces - 1, flags=0 if n else RSV1)
        wire.send(b"there?", 9)
    wire.send(b'422["echo","plain"]')
    got = [await wire.receive() for _ in range(pieces + 2)]
    assert [text.decode() for opcode, text in got if opcode == 1] == ['431["珊瑚"]', '432["plain"]']
    await wire.hang_up()


async def test_each_message_is_compressed_by_itself(start: Start) -> None:
    """So that each can be read; and one of exactly the limit is not too long."""
    running = await start(max_http_buffer_size=LIMIT)
    wire = await joined(running, CHROMIUM)
    longest = '421["echo","' + "x" * (LIMIT - 14) + '"]'
    for _ in range(3):
        wire.send(deflated(longest.encode()), flags=RSV1)
        assert len(await wire.text()) == LIMIT - 7
    await wire.hang_up()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(deflated(b"4" + b"x" * LIMIT), {"flags": RSV1})], 1009),
        ([(deflated(b"4" + b"x" * 900_000), {"flags": RSV1})], 1009),
        ([(os.urandom(LIMIT + 1), {"flags": RSV1})], 1009),
        ([(b"x" * 600, {"flags": RSV1, "final": False}), (b"x" * 600, {"opcode": 0})], 1009),
        ([(b"\xff" * 50, {"flags": RSV1})], 1007),
        ([(deflated(b'421["echo",1]')[:-2], {"flags": RSV1})], 1007),
        ([(deflated(b'421["echo",1]', flush=zlib.Z_FINISH) + b"more", {"flags": RSV1})], 1007),
        ([(b"", {"flags": RSV1})], 1007),
        ([(deflated(b"42\xff\xfe"), {"flags": RSV1})], 1007),
        ([(deflated(b"42"), {"flags": 0x20})], 1002),
        ([(deflated(b"42"), {"flags": 0x60})], 1002),
        ([(b"", {"flags": RSV1, "opcode": 9})], 1002),
        ([(b"42", {"flags": RSV1, "opcode": 3})], 1002),
        ([(b"42", {"final": False}), (b"[]", {"flags": RSV1, "opcode": 0})], 1002),
        ([(deflated(b"42"), {"flags": RSV1, "final": False}), (b"", {"flags": RSV1, "opcode": 0})], 1002),
    ],
)
async def test_bombs_and_bad_data_are_answered_with_their_code(
    start: Start, frames: list[tuple[bytes, dict[str, Any]]], code: int
) -> None:
    running = await start(max_http_buffer_size=LIMIT)
    wire = await joined(running, CHROMIUM)
    for payload, rules in frames:
        wire.send(payload, **({"opcode": 1} | rules))
    assert await wire.close_code() == code
    await wire.hang_up()
    assert running.seen[-1][0] == "disconnect"
    assert running.server.eio.sockets == {} == running.server.environ


async def test_a_compressed_message_that_was_not_agreed_on_is_refused(start: Start) -> None:
    running = await start()
    wire = await joined(running)
    wire.send(deflated(b"42"), flags=RSV1)
    assert await wire.close_code() == 1002
    await wire.hang_up()


def batch(comments: int, text: str = "看那片珊瑚") -> Batch:
    """Texts that differ and compress badly, as people's do."""
    now = 1_790_000_000_000
    shown = [
        ShownComment(
            id=f"{now + n}-0",
            shown=f"{now + n}-1",
            at=now + n,
            viewer=os.urandom(4).hex(),
            nick="N",
            text=f"{text} {n}",
        )
        for n in range(comments)
    ]
    return Batch(as_of=f"{now}-{comments}", epoch=f"{now}-0", comments=tuple(shown))


async def seated(running: Running, viewers: Viewers, *offers: str, role: str = "viewer") -> Wire:
    """A socket that is shown what `viewers` are."""
    wire = await joined(running, *offers)
    sid = next(entry[1] for entry in reversed(running.seen) if entry[0] == "connect")
    viewers.seat(sid, Person(viewer=f"v-{sid}", via="page"))
    return wire


async def test_compressed_and_plain_viewers_see_the_same_and_one_is_made_for_all(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(
        frames, "compress", lambda message, compress=frames.compress: made.append(len(message)) or compress(message)
    )
    running = await start()
    viewers = Viewers(running.server, "REEF")
    plain = [await seated(running, viewers) for _ in range(2)]
    await viewers.show(batch(5), "0-0")
    assert [json.loads((await wire.text())[2:])[1]["as_of"] for wire in plain] == ["1790000000000-5"] * 2
    assert made == [], "nobody agreed to it yet"
    compressing = [await seated(running, viewers, CHROMIUM) for _ in range(3)]
    for count in (1, 20, 200):
        await viewers.show(batch(count), "0-0")
        texts = {await wire.text() for wire in (*plain, *compressing)}
        assert len(texts) == 1 and len(json.loads(texts.pop()[2:])[1]["comments"]) == count
    assert len(made) == 3, "once for each frame"
    await viewers.show(Batch(as_of="9-0", epoch="1-0", people=7), "0-0")
    assert {await wire.text() for wire in (*plain, *compressing)} == {
        '42["batch",{"as_of":"9-0","epoch":"1-0","people":7}]'
    }
    assert len(made) == 3, "too short to gain anything"
    assert [wire.compressed for wire in compressing] == [3] * 3 and [wire.compressed for wire in plain] == [0] * 2
    for wire in (*plain, *compressing):
        await wire.hang_up()


@pytest.mark.parametrize("transports", [["websocket"], ["polling", "websocket"]], ids=["websocket", "upgrade"])
async def test_pythons_client_compresses_and_reads_compressed(
    start: Start, transports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decompressed: list[int] = []
    monkeypatch.setattr(
        websocket, "decompress", lambda *given: decompressed.append(len(given[0])) or deflate.decompress(*given)
    )
    running = await start()
    viewers = Viewers(running.server, "REEF")
    client = socketio.AsyncClient(reconnection=False, websocket_extra_options={"compress": 15})
    got: list[Any] = []
    client.on("batch", got.append)
    await client.connect(running.url, transports=transports)
    viewers.seat(running.seen[0][1], Person(viewer="v", via="page"))
    for count in (1, 20, 0, 200):
        await viewers.show(batch(count), "0-0")
    assert await client.call("echo", ["珊瑚 🐠" * 50, b"\x00" * 500]) == ["珊瑚 🐠" * 50, b"\x00" * 500]
    assert [len(each.get("comments", [])) for each in got] == [1, 20, 0, 200]
    assert socket_of(running.server, running.seen[0][1]).deflates and len(decompressed) > 1
    await client.disconnect()


async def test_what_is_for_one_or_a_few_is_never_compressed(start: Start) -> None:
    """Its length would tell whoever can add to it and watch the line: acknowledgements, outcomes, the review."""
    running = await start()
    viewers = Viewers(running.server, "REEF")
    wire = await seated(running, viewers, CHROMIUM)
    long = "珊瑚" * 500
    wire.send(f'421["echo","{long}"]'.encode())
    await wire.text()
    viewers.send_to(next(iter(viewers._seats.values())).person.viewer, "outcome", {"text": long})
    await wire.text()
    assert wire.compressed == 0
    await viewers.send_all("campaign", {"title": long})
    assert json.loads((await wire.text())[2:]) == ["campaign", {"title": long}]
    assert wire.compressed == 1
    await wire.hang_up()
