"""Many viewers in one process, as light as Python allows: a few at a time come in, then one epoll loop.

Started by `driver.py` as `python -m web.bench.load PORT VIEWERS TOKENS [deflate]`, on a core of its own. It joins as a
browser does, over WebSocket (`deflate`: offering compression), prints one JSON line when all are in, and one for each
line it reads: `rate R SECONDS`, `flood COMMENTS WINDOW` or `arrivals`. Comments are numbered in their text, and a
latency is from "sent" to "received".
"""

from __future__ import annotations

import base64
import json
import os
import re
import resource
import select
import socket
import struct
import sys
import time
import zlib
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BROADCAST = "BENCH"
CHANGED = b'"changed":['
"""From here on a frame tells of comments that were shown before: a verdict was revised."""

NUMBERS = re.compile(rb'"text":"(\d+) ')
FILLINGS = (
    "what a reef, look at the colours, and so many fish",
    "hello from our school, the whole class looks at the fish",
    "the picture is very clear today, thank you for that!",
    "我们班都在看，老师说这是今天的作业，大家一起加油",
    "is that a parrotfish on the left, or am I mistaken?",
    "my grandfather dived here when he was a young man, he",
    "刚进来，讲到哪里了？听得很清楚，画面也很好看呀",
    "could you zoom in a little on the branch at the top",
    "we took the bus and the metro to come to the museum",
    "第一次看到这么大的海龟，孩子们都站起来了，真好看",
    "how deep is the camera now, and is it always so calm",
    "greetings from the ferry, the network is just enough",
)
"""Unlike one another, so that moderation does not take the viewers for a flood, nor deflate for one comment."""

OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

DRAIN_SECONDS = 5.0
COMING = 8
"""Viewers who come at the same time."""


class Viewer:
    """One connection. `comment` counts what it said, for the `once` of the next."""

    __slots__ = ("comment", "number", "rest", "socket")

    def __init__(self, number: int, connection: socket.socket, rest: bytes) -> None:
        self.number = number
        self.socket = connection
        self.rest = rest
        self.comment = 0

    def frames(self, data: bytes) -> Iterator[bytes]:
        """Payloads of the whole text frames that have come."""
        data = self.rest + data if self.rest else data
        at = 0
        while len(data) - at >= 2:
            size, head = data[at + 1] & 127, 2
            if size >= 126:
                head = 4 if size == 126 else 10
                if len(data) - at < head:
                    break
                size = int.from_bytes(data[at + 2 : at + head], "big")
            if len(data) - at < head + size:
                break
            if data[at] & 15 == 8:
                raise ConnectionError(f"viewer {self.number} was closed")
            payload = data[at + head : at + head + size]
            yield _inflated(payload) if data[at] & 0x40 else payload
            at += head + size
        self.rest = data[at:]

    def send(self, payload: bytes) -> None:
        """A masked frame, with the mask that changes nothing."""
        size = len(payload)
        head = struct.pack("!BB", 0x81, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x81, 0xFE, size)
        self.socket.sendall(head + bytes(4) + payload)


def _inflated(payload: bytes) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(payload + b"\x00\x00\xff\xff")


def come(port: int, number: int, offer: str, token: str, broadcast: str) -> Viewer:
    """Connect and, with a token, join the broadcast; returns when the acknowledgement is there."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36\r\n"
        f"Origin: http://127.0.0.1:{port}\r\nAccept-Language: zh-CN,zh;q=0.9\r\n{offer}\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536) or _ended(number)
    if offer and b"permessage-deflate" not in answer:
        raise ConnectionError("the server does not compress")
    viewer = Viewer(number, connection, answer.partition(b"\r\n\r\n")[2])
    _expect(viewer, b"0")
    viewer.send(b"40" + (json.dumps({"token": token}).encode() if token else b""))
    _expect(viewer, b"40")
    if token:
        viewer.send(b"420" + json.dumps(["join", {"broadcast": broadcast, "last": 50}]).encode())
        _expect(viewer, b"430")
    return viewer


def _expect(viewer: Viewer, beginning: bytes) -> None:
    data = b""
    while True:
        found = list(viewer.frames(data))
        if any(payload.startswith(beginning) for payload in found):
            return
        data = viewer.socket.recv(65536) or _ended(viewer.number)


def _ended(number: int) -> bytes:
    raise ConnectionError(f"viewer {number}: the server hung up")


class Room:
    """All viewers, and what they received in one measurement."""

    def __init__(self, viewers: Sequence[Viewer], joined: bool) -> None:
        self.viewers = viewers
        self.joined = joined
        self.by_fd = {viewer.socket.fileno(): viewer for viewer in viewers}
        self.epoll = select.epoll()
        for fd, viewer in self.by_fd.items():
            viewer.socket.setblocking(False)
            self.epoll.register(fd, select.EPOLLIN)
        self.next = 0
        self.sent = array("q")
        self.arrived: dict[int, tuple[int, int]] = {}
        self._forget()

    def measure(self, rate: float, seconds: float) -> dict[str, float]:
        """Publish `rate` comments a second, from one viewer after the other; spins, as sleeping readers would
        make each write of the server pay for waking them, which viewers far away do not."""
        self._forget()
        begin = time.monotonic()
        published = 0
        while (now := time.monotonic()) < begin + seconds:
            while published < rate * (now - begin):
                self._publish()
                published += 1
            self._pump(0)
        expected = published * len(self.viewers)
        while len(self.latencies) < expected and time.monotonic() < begin + seconds + DRAIN_SECONDS:
            self._pump(0.02)
        ordered = sorted(self.latencies)
        return {
            "published": published,
            "expected": expected,
            "delivered": len(ordered),
            "refused": self.refused,
            "frames": self.frames,
            "bytes": self.bytes,
            "p50_ms": _percentile(ordered, 0.5),
            "p99_ms": _percentile(ordered, 0.99),
        }

    def flood(self, count: int, window: int) -> dict[str, float]:
        """Publish so many comments, at most `window` not acknowledged yet: how many a second are accepted, and shown
        to everybody."""
        self._forget()
        begin = time.monotonic()
        published, accepted_at, expected = 0, begin, count * len(self.viewers)
        while len(self.latencies) < expected and time.monotonic() < max(accepted_at, begin) + 12 * DRAIN_SECONDS:
            while published < count and published - self.accepted - self.refused < window:
                self._publish()
                published += 1
            before = self.accepted
            self._pump(0.005)
            if self.accepted > before:
                accepted_at = time.monotonic()
        shown = time.monotonic() - begin
        return {
            "published": published,
            "expected": expected,
            "delivered": len(self.latencies),
            "refused": self.refused,
            "accepted": self.accepted,
            "accepted_per_second": round(self.accepted / (accepted_at - begin), 1),
            "shown_per_second": round(len(self.latencies) / len(self.viewers) / shown, 1),
        }

    def _forget(self) -> None:
        self.latencies, self.refused, self.accepted, self.frames, self.bytes = array("d"), 0, 0, 0, 0

    def idle(self) -> None:
        """Answer what comes until there is something to read on standard input."""
        while not select.select([sys.stdin], [], [], 0)[0]:
            self._pump(0.1)

    def _publish(self) -> None:
        viewer = self.viewers[self.next % len(self.viewers)]
        self.next += 1
        text = f"{len(self.sent):05} {FILLINGS[self.next % len(FILLINGS)]}"
        self.sent.append(time.monotonic_ns())
        if self.joined:
            viewer.comment += 1
            once = f"b{viewer.number:05}-{viewer.comment:05}"
            viewer.send(b"421" + json.dumps(["comment", {"once": once, "text": text, "nick": "Coral"}]).encode())
        else:
            shown = {"id": "1790000000000-0", "shown": "1790000000001-0", "at": 1790000000000, "viewer": "0a1b2c3d"}
            viewer.send(
                b"42" + json.dumps(["c", {**shown, "nick": "Coral", "text": text}], separators=(",", ":")).encode()
            )

    def _pump(self, timeout: float) -> None:
        for fd, _ in self.epoll.poll(timeout, 512):
            viewer = self.by_fd[fd]
            try:
                data = viewer.socket.recv(1 << 18) or _ended(viewer.number)
            except BlockingIOError:
                continue
            received = time.monotonic_ns()
            self.bytes += len(data)
            for payload in viewer.frames(data):
                if payload == b"2":
                    viewer.send(b"3")
                elif payload.startswith((b'42["batch"', b'42["c"')):
                    self.frames += 1
                    for found in NUMBERS.findall(payload.partition(CHANGED)[0]):
                        number = int(found)
                        self.latencies.append((received - self.sent[number]) / 1e6)
                        self.arrived[number] = (self.arrived.get(number, (received, 0))[0], received)
                elif payload.startswith(b"431"):
                    if b'"ok":false' in payload:
                        self.refused += 1
                    else:
                        self.accepted += 1


def _percentile(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) if ordered else float("nan")


def _say(**found: object) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def main(port: int, count: int, tokens: str, offer: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    given = [line.split() for line in Path(tokens).read_text().splitlines()] if tokens else [["", ""]] * count
    begin = time.monotonic()
    with ThreadPoolExecutor(COMING) as pool:
        coming = [pool.submit(come, port, number, offer, *given[number]) for number in range(count)]
        room = Room([viewer.result() for viewer in coming], joined=bool(tokens))
    _say(ready=count, seconds=round(time.monotonic() - begin, 2))
    while True:
        room.idle()
        match sys.stdin.readline().split():
            case ["rate", rate, seconds]:
                _say(**room.measure(float(rate), float(seconds)))
            case ["arrivals"]:
                _say(middle={number: (first + last) // 2 for number, (first, last) in room.arrived.items()})
            case ["flood", comments, window]:
                _say(**room.flood(int(comments), int(window)))
            case _:
                return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], OFFER if "deflate" in sys.argv[4:] else "")
