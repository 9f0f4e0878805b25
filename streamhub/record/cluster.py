"""The client of a Valkey Cluster: a plain client for each primary, and who has which slot.

Made by `store.py`; takes the commands of `Redis` that name one key, or several of one slot, as all keys of a broadcast
are. redis-py's own cluster client is not used: when one node fails it closes connections that other tasks are using.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.commands.core import AsyncCoreCommands
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, NoScriptError, RedisError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError

from streamhub.record.address import Address
from streamhub.record.asking import Asking

LEARN_SECONDS = 1.0
"""How long a node may take to say who has what; then another is asked."""

FOLLOW_SECONDS = 2.0
"""How long one command is sent from server to server while its slot is being moved: less than its caller waits."""

AGAIN_SECONDS = 0.05
"""The pause before a command goes to the same servers again."""

LOST = (RedisError, OSError, TimeoutError)
WITHOUT_KEY = ("PING", "TIME", "INFO", "SCRIPT LOAD", "FLUSHALL")

Place = tuple[str, int]
_T = TypeVar("_T")


class Apart(RedisError):
    """The keys that are needed are on two servers, because their slot is being moved; not for long."""


class Cluster(AsyncCoreCommands):
    """What needs one connection (a command and its WAIT, say) is done by `run`, which gives it the primary's client."""

    _event_dispatcher: Any = None  # redis-py's mixin asks for one, and has no use for it here

    def __init__(self, place: Address, pool_class: type[ConnectionPool], options: dict[str, Any]) -> None:
        self.durability = place.durability
        self._pool_class = pool_class
        self._options = options | {
            "username": place.username,
            "password": place.password,
            "connection_class": SSLConnection if place.tls else Connection,
        }
        self._given = list(place.hosts)
        self._places = self._given
        self._clients: dict[Place, Redis] = {}
        self._taking_over: dict[Place, Redis] = {}
        self._ranges: list[tuple[int, int, Place]] = []
        self._learning = asyncio.Lock()
        self._learnt = 0

    async def run(self, key: str, work: Callable[[Redis], Awaitable[_T]]) -> _T:
        """Do it with the client of the primary that has this key. Where its slot has moved or is being moved, the work
        is begun anew elsewhere: what it names must be of this slot, and what it writes one command. Raises Apart if
        that takes too long. After any other error it is learnt anew who has what, for the next time."""
        elsewhere: Redis | None = None
        until = math.inf
        hops = 0
        while True:
            try:
                client = elsewhere or await self.primary(key)
                return await work(client)
            except (AskError, TryAgainError) as error:
                until = min(until, time.monotonic() + FOLLOW_SECONDS)
                if time.monotonic() > until:
                    raise Apart(f"the slot of {key} is being moved") from error
                hops += 1
                elsewhere = await self._redirected(error, client, hops)
            except NoScriptError:  # it is the right server
                raise
            except LOST:
                with suppress(*LOST):
                    await self.look_again()
                raise

    async def _redirected(self, error: AskError | TryAgainError, asked: Redis, hops: int) -> Redis | None:
        """Whom to ask next; None for whoever has the slot. MOVED: another has it. ASK: another is taking it over, and
        has the keys that this one has not (this time; the slot is not its own yet). TRYAGAIN: of several keys some are
        here, some there."""
        if hops > 2 or isinstance(error, TryAgainError):
            await asyncio.sleep(AGAIN_SECONDS)
        if isinstance(error, TryAgainError):
            return None
        place = _place(error.host, error.port, asked.connection_pool.connection_kwargs["host"])
        if isinstance(error, MovedError):
            with suppress(*LOST):
                await self.look_again()
            return self._client(place)
        if place not in self._taking_over:
            self._taking_over[place] = Asking(connection_pool=self._client(place).connection_pool)
        return self._taking_over[place]

    async def primary(self, key: str) -> Redis:
        """Raises RedisError while nobody knows who that is."""
        if not self._ranges:
            await self.look_again()
        slot = self.slot(key)
        for first, last, place in self._ranges:
            if first <= slot <= last:
                return self._client(place)
        raise RedisConnectionError(f"no node has slot {slot}")

    async def primaries(self) -> dict[str, Redis]:
        if not self._ranges:
            await self.look_again()
        return {f"{host}:{port}": self._client((host, port)) for _, _, (host, port) in self._ranges}

    def slot(self, key: str | bytes) -> int:
        return key_slot(key if isinstance(key, bytes) else key.encode())

    async def look_again(self) -> None:
        """Learn who has what from any node. Who comes while it is being learnt waits for that."""
        seen = self._learnt
        async with self._learning:
            if self._learnt != seen:
                return
            for place in random.sample(self._places, len(self._places)):
                with suppress(*LOST):
                    async with asyncio.timeout(LEARN_SECONDS):
                        rows = await self._client(place).execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
                    self._note(rows, place)
                    return
            raise RedisConnectionError("no node of the cluster answers")

    def _note(self, rows: Sequence[Any], asked: Place) -> None:
        if not rows:
            raise RedisConnectionError("the node belongs to no cluster")
        nodes = [[_place(node[0], node[1], asked[0]) for node in row[2:]] for row in rows]
        self._ranges = [(int(row[0]), int(row[1]), mine[0]) for row, mine in zip(rows, nodes, strict=True)]
        self._places = list(dict.fromkeys([*(place for mine in nodes for place in mine), *self._given]))
        self._taking_over.clear()
        self._learnt += 1

    def _client(self, place: Place) -> Redis:
        if place not in self._clients:
            pool = self._pool_class(host=place[0], port=place[1], **self._options)
            self._clients[place] = Redis.from_pool(pool)
        return self._clients[place]

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] not in WITHOUT_KEY:
            return await self.run(_key(args), _command(args, options))
        answers = []
        failed: BaseException = RedisConnectionError("no primary answers")
        for client in [*(await self.primaries()).values(), *self._taking_over.values()]:
            try:
                answers.append(await _command(args, options)(client))
            except LOST as error:
                failed = error
        if not answers:
            raise failed
        return answers[0]

    def pipeline(self, transaction: bool = False) -> Any:
        """Commands that go together, as far as they go to one primary."""
        if transaction:
            raise RedisError("what must be one step is a script")
        return _Pipeline(self)

    def get_encoder(self) -> Any:
        return Redis().get_encoder()  # type: ignore[no-untyped-call]

    async def aclose(self) -> None:
        await asyncio.gather(*(client.aclose() for client in self._clients.values()))


class _Pipeline(AsyncCoreCommands):
    _event_dispatcher: Any = None

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._commands: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    async def __aenter__(self) -> _Pipeline:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._commands.clear()

    def execute_command(self, *args: Any, **options: Any) -> _Pipeline:
        self._commands.append((args, options))
        return self

    async def execute(self) -> list[Any]:
        """The answers in the order of the commands; raises what the first that failed raised. A command whose slot has
        moved or is being moved was not carried out, and goes its own way, after the others."""
        shares: dict[Redis, list[int]] = {}
        for number, (args, _) in enumerate(self._commands):
            shares.setdefault(await self._cluster.primary(_key(args)), []).append(number)
        answers: dict[int, Any] = {}
        for numbers in shares.values():
            found = await self._cluster.run(_key(self._commands[numbers[0]][0]), self._share(numbers))
            answers.update(zip(numbers, found, strict=True))
        for number, (args, options) in enumerate(self._commands):
            if isinstance(answers[number], AskError | TryAgainError):
                answers[number] = await self._cluster.execute_command(*args, **options)
            elif isinstance(answers[number], Exception):
                raise answers[number]
        return [answers[number] for number in range(len(self._commands))]

    def _share(self, numbers: Sequence[int]) -> Callable[[Redis], Awaitable[list[Any]]]:
        async def work(primary: Redis) -> list[Any]:
            async with primary.pipeline(transaction=False) as pipe:
                for number in numbers:
                    args, options = self._commands[number]
                    pipe.execute_command(*args, **options)
                return await pipe.execute(raise_on_error=False)

        return work


def _command(args: tuple[Any, ...], options: dict[str, Any]) -> Callable[[Redis], Awaitable[Any]]:
    return lambda client: cast("Awaitable[Any]", client.execute_command(*args, **options))  # type: ignore[no-untyped-call]


def _key(args: tuple[Any, ...]) -> str:
    match args[0]:
        case "EVAL" | "EVALSHA":
            return cast("str", args[3])
        case "XREAD" | "XREADGROUP":
            return cast("str", args[args.index(b"STREAMS") + 1])
    return cast("str", args[1])


def _place(host: bytes | str | None, port: int, asked: str) -> Place:
    """A node that does not know its own address is reached as the one that was asked."""
    name = host.decode() if isinstance(host, bytes) else host
    return (asked if name in (None, "", "?") else name, int(port))
