"""The pipe over a real Valkey: answers come to those who asked, and a broken connection loses nobody's command."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from streamhub.facts import CommentSubmitted
from streamhub.record.log import NotRecorded, broadcast_log
from streamhub.record.pipe import Pipe
from streamhub.record.server import Server
from streamhub.record.store import EmbeddedValkey, connect

PATIENCE_SECONDS = 30
SILENCE_SECONDS = 1


@pytest.fixture
async def client(valkey: EmbeddedValkey, store: Redis) -> AsyncIterator[Server]:
    """As a hub has it; `store` empties the database before."""
    client = connect(valkey.url)
    assert isinstance(client, Server)
    yield client
    await client.aclose()


@pytest.fixture
async def pipe(client: Server) -> AsyncIterator[Pipe]:
    pipe = Pipe(client.connection_pool, PATIENCE_SECONDS)
    yield pipe
    await pipe.close()


async def connections(client: Server) -> int:
    return len(await client.client_list())


async def test_many_at_once_get_their_own_answers_over_one_connection(pipe: Pipe, client: Server) -> None:
    before = await connections(client)
    words = [f"word {n} " + "x" * (n * 37 % 5000) for n in range(1000)]
    assert await asyncio.gather(*(pipe.ask("ECHO", word) for word in words)) == [word.encode() for word in words]
    assert await connections(client) == before + 1


async def test_a_refusal_reaches_the_one_who_asked(pipe: Pipe) -> None:
    first, refused, last = await asyncio.gather(
        pipe.ask("ECHO", "1"), pipe.ask("HGET", "one argument too few"), pipe.ask("ECHO", "3"), return_exceptions=True
    )
    assert (first, last) == (b"1", b"3") and isinstance(refused, ResponseError)
    with pytest.raises(NoScriptError):
        await pipe.ask("EVALSHA", "0" * 40, 0)


async def test_whoever_does_not_wait_any_more_takes_nobodys_answer(pipe: Pipe) -> None:
    await pipe.ask("PING")
    asking = [asyncio.create_task(pipe.ask("ECHO", str(n))) for n in range(100)]
    await asyncio.sleep(0)
    for task in asking[::3]:
        task.cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::3])
    assert [answer for n, answer in enumerate(answers) if n % 3] == [b"%d" % n for n in range(100) if n % 3]


async def test_a_silent_store_is_told_of_and_asked_anew(client: Server, valkey: EmbeddedValkey) -> None:
    assert valkey.pid is not None
    pipe = Pipe(client.connection_pool, SILENCE_SECONDS)
    await told_in_time(pipe, "PING")
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(pipe.ask("ECHO", str(n)) for n in range(50)), return_exceptions=True)
        assert all(isinstance(answer, RedisTimeoutError) for answer in answers)
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    assert await told_in_time(pipe, "ECHO", "back") == b"back", "nothing late is taken for an answer: a new connection"
    await pipe.close()


async def told_in_time(pipe: Pipe, *command: str) -> bytes:
    """A machine that is busy may be silent for a second, too."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with contextlib.suppress(RedisTimeoutError):
                return bytes(await pipe.ask(*command))


async def test_an_append_whose_connection_breaks_is_there_once(client: Server, store: Redis) -> None:
    log = broadcast_log(client, "REEF")
    stop = asyncio.Event()

    async def say(text: str) -> str:
        while True:  # as whoever is told that nothing was confirmed
            with contextlib.suppress(NotRecorded):
                return (await log.append(CommentSubmitted(viewer="v", nick="Ann", text=text), once=text)).id

    async def cut() -> int:
        cuts = 0
        while not stop.is_set():
            cuts += await store.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await asyncio.sleep(0.03)
        return cuts

    cutting = asyncio.create_task(cut())
    ids = [entry for n in range(20) for entry in await asyncio.gather(*(say(f"{n} {m}") for m in range(20)))]
    stop.set()
    assert await cutting > 0
    assert [entry.id async for entry in log.all()] == sorted(ids, key=lambda each: [int(n) for n in each.split("-")])
    assert len(set(ids)) == len(ids)


async def test_a_store_that_forgot_the_script_is_told_it_again(client: Server, store: Redis) -> None:
    log = broadcast_log(client, "REEF")
    await store.script_flush()
    await log.append(CommentSubmitted(viewer="v", nick="Ann", text="hello"), once="hello")
    assert await log.known("hello") and not await log.known("other")


async def test_it_can_be_closed_while_somebody_waits(pipe: Pipe) -> None:
    await pipe.ask("PING")
    waiting = asyncio.create_task(pipe.ask("BLPOP", "nothing", 5))
    await asyncio.sleep(0.05)
    await pipe.close()
    with pytest.raises(RedisConnectionError):
        await waiting
