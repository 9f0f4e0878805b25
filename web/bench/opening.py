"""What a long broadcast costs the others of its hub process: while it is opened, and while people come to it.

Called by `streamhub bench opening`. Viewers of another broadcast get comments meanwhile, and a bystander's pings
say how long a turn of the loop lasts (`turns.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import socketio
from aiohttp import ClientSession
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentJudged, CommentSubmitted, ViewerJoined
from streamhub.record.directory import create_broadcast
from streamhub.record.log import Log, broadcast_key, broadcast_log
from streamhub.record.replay import keep_snapshot, replay
from streamhub.record.store import connect
from web.bench.driver import load
from web.bench.load import FILLINGS
from web.bench.servers import Options, Started, streamhub
from web.bench.turns import Turns, measure_turns

KEPT, UNKEPT = "LONG", "LONGER"
"""The same history twice: opened from its snapshot and a tail, and from the log alone."""

TAIL = 1000
"""Comments after the snapshot: 2000 entries, the most that there are (`snapshots.EVERY`)."""

AT_ONCE = 200
COMMENTS_OF_ONE = 10
QUESTION_EVERY = 20
LISTEN_SECONDS = 6.0
BEFORE_SECONDS = 1.0
COMINGS = 40
PING_SECONDS = 0.002


class Row(msgspec.Struct, kw_only=True):
    """`seconds` until the newcomer had all (the mean of several), `bytes` of what came, turns as `Turns` has them;
    `others_p99_ms` is from sending to receiving a comment of the other broadcast (nan where that was quiet)."""

    seconds: float
    bytes: int
    turn_p99_ms: float
    turn_max_ms: float
    turn_own_p99_ms: float
    turn_own_max_ms: float
    others_p99_ms: float = float("nan")


async def measure(options: Options, comments: int, say: Callable[[str], None]) -> dict[str, Row]:
    """What is measured -> figures. `options` are of the other broadcast."""
    rows: dict[str, Row] = {}
    async with streamhub(options) as server, load(server, options.viewers) as ask, ClientSession() as session:
        store = connect(server.store)
        say(f"writing {comments} comments")
        await _history(store, comments)
        await ask("")
        for name, code in (("from its snapshot", KEPT), ("from the log alone", UNKEPT)):
            say(f"opening it {name}")
            talk = asyncio.create_task(ask(f"rate {options.rate} {LISTEN_SECONDS}"))
            await asyncio.sleep(BEFORE_SECONDS)
            rows[name] = await _watched(server, 1, partial(_join, server, code))
            rows[name].others_p99_ms = (await talk)["p99_ms"]
        log = broadcast_log(store, KEPT)
        for name, come in (("joins", partial(_join, server, KEPT)), ("pages", partial(_page, session, server, KEPT))):
            say(name)
            rows[name] = await _watched(server, COMINGS, partial(_after_a_comment, log, come))
        await store.aclose()
    return rows


async def _watched(server: Started, times: int, come: Callable[[], Awaitable[int]]) -> Row:
    """Let somebody come so often, with a look at the turns of the loop until a moment later."""
    watching = asyncio.create_task(measure_turns(server.port, server.pid, PING_SECONDS))
    await asyncio.sleep(0.2)
    begin = time.monotonic()
    sizes = [await come() for _ in range(times)]
    seconds = (time.monotonic() - begin) / times
    await asyncio.sleep(0.2)
    watching.cancel()
    turns: Turns = await watching
    return Row(
        seconds=round(seconds, 3),
        bytes=max(sizes),
        turn_p99_ms=turns.p99_ms,
        turn_max_ms=turns.max_ms,
        turn_own_p99_ms=turns.own_p99_ms,
        turn_own_max_ms=turns.own_max_ms,
    )


async def _join(server: Started, code: str) -> int:
    """Come as a browser does; bytes of the acknowledgement."""
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(f"http://127.0.0.1:{server.port}", transports=["websocket"])
    try:
        while not (joined := await _asked(client, code))["ok"]:
            await asyncio.sleep(0.1)  # it took longer to open than a client is kept waiting
        return len(msgspec.json.encode(joined))
    finally:
        await client.disconnect()


async def _asked(client: socketio.AsyncClient, code: str) -> dict[str, Any]:
    with suppress(socketio.exceptions.TimeoutError):
        answer: dict[str, Any] = await client.call("join", {"broadcast": code}, timeout=60)
        return answer
    return {"ok": False}


async def _page(session: ClientSession, server: Started, code: str) -> int:
    async with session.get(f"http://127.0.0.1:{server.port}/b/{code}") as answer:
        answer.raise_for_status()
        return len(await answer.read())


async def _after_a_comment(log: Log, come: Callable[[], Awaitable[int]]) -> int:
    """Come when something has just been said, so that nothing that was made for others will do."""
    await _say(log, [f"now-{time.monotonic_ns()}"])
    await asyncio.sleep(0.05)
    return await come()


async def _history(store: Redis, comments: int) -> None:
    created = BroadcastCreated(code=KEPT, title="Long", by="organizer")
    await create_broadcast(store, created)
    await create_broadcast(store, msgspec.structs.replace(created, code=UNKEPT))
    log = broadcast_log(store, KEPT)
    await log.append(BroadcastOpened(by="organizer"), once="open")
    viewers = [f"v-{number:020}" for number in range(max(1, comments // COMMENTS_OF_ONE))]
    for some in _some(viewers):
        await log.append(*(ViewerJoined(viewer=viewer) for viewer in some), once=f"join:{some[0]}")
    names = [f"{number:016}" for number in range(comments)]
    for some in _some(names[:-TAIL]):
        await _say(log, some)
    await keep_snapshot(store, KEPT, await replay(store, KEPT))
    for some in _some(names[-TAIL:]):
        await _say(log, some)
    await store.copy(broadcast_key(KEPT), broadcast_key(UNKEPT), replace=True)


async def _say(log: Log, names: list[str]) -> None:
    """A comment for each name, every twentieth a question, and its verdict."""
    before = await log.last_id()
    await log.append(*map(_comment, names), once=names[0])
    scores = {"promotion": 0.01, "abuse": 0.02}
    verdicts = [
        CommentJudged(comment=said.id, action="publish", scores=scores, model="bench", policy="bench")
        for said in await log.read(before, len(names))
    ]
    await log.append(*verdicts, once=f"verdict:{names[0]}")


def _comment(name: str) -> CommentSubmitted:
    number = int(name[-4:].replace("-", "0"))
    return CommentSubmitted(
        viewer=f"v-{number:020}",
        nick="Coral",
        text=f"{name[-5:]} {FILLINGS[number % len(FILLINGS)]}",
        kind="comment" if number % QUESTION_EVERY else "question",
        once=name,
    )


def _some(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]
