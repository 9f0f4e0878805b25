"""The client of a Valkey Cluster: a plain client for each primary, and who has which slot.

Made by `store.py`; takes the commands of `Redis` that name one key, or several of one slot, as all keys of a broadcast
are. redis-py's own cluster client is not used: when one node fails it closes connections that other tasks are using.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection
from redis.commands.core import AsyncCoreCommands
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError, RedisError

from streamhub.record.address import Address

LEARN_SECONDS = 1.0
"""How long a node may take to say who has what; then another is asked."""

LOST = (RedisError, OSError, TimeoutError)
WITHOUT_KEY = ("PING", "TIME", "INFO", "SCRIPT LOAD", "FLUSHALL")

Place = tuple[str, int]
_T = TypeVar("_T")


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
        self._places = list(place.hosts)
        self._clients: dict[Place, Redis] = {}
        self._ranges: list[tuple[int, int, Place]] = []
        self._learning = asyncio.Lock()
        self._learnt = 0

    async def run(self, key: str, work: Callable[[Redis], Awaitable[_T]]) -> _T:
        """Do it with the client of the primary that has this key. A key that has moved is followed, once; after any
        other error it is learnt anew who has what, for the next time."""
        for again in (True, False):
            try:
                return await work(await self.primary(key))
            except LOST as error:
                with suppress(*LOST):
                    await self.look_again()
                if not (again and isinstance(error, MovedError)):
                    raise
        raise AssertionError("unreachable")

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
        nodes = [[_place(node, asked) for node in row[2:]] for row in rows]
        self._ranges = [(int(row[0]), int(row[1]), mine[0]) for row, mine in zip(rows, nodes, strict=True)]
        self._places = list(dict.fromkeys([*(place for mine in nodes for place in mine), *self._places]))
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
        for client in (await self.primaries()).values():
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
        """The answers in the order of the commands; raises what the first that failed raised."""
        shares: dict[Redis, list[int]] = {}
        for number, (args, _) in enumerate(self._commands):
            shares.setdefault(await self._cluster.primary(_key(args)), []).append(number)
        answers: dict[int, Any] = {}
        for numbers in shares.values():
            found = await self._cluster.run(_key(self._commands[numbers[0]][0]), self._share(numbers))
            answers.update(zip(numbers, found, strict=True))
        return [answers[number] for number in range(len(self._commands))]

    def _share(self, numbers: Sequence[int]) -> Callable[[Redis], Awaitable[list[Any]]]:
        async def work(primary: Redis) -> list[Any]:
            async with primary.pipeline(transaction=False) as pipe:
                for number in numbers:
                    args, options = self._commands[number]
                    pipe.execute_command(*args, **options)
                return await pipe.execute()

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


def _place(node: Sequence[Any], asked: Place) -> Place:
    """Host and port; a node that does not know its own address is reached as before."""
    host = node[0].decode() if isinstance(node[0], bytes) else node[0]
    return (host or asked[0], int(node[1]))
