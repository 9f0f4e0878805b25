"""The client of one server, named by its address or found through Sentinels, with what "recorded" means there.

Made by `store.py`. Sentinels are asked whenever a connection is made; after a fail-over they close the old ones.
"""

from __future__ import annotations

from typing import Any, Self, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import BlockingConnectionPool
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from streamhub.record.address import Address, Durability
from streamhub.record.pipe import Pipe

SENTINEL_SECONDS = 1.0
"""How long a Sentinel may take to say who is the primary; then the next one is asked."""


PIPED = frozenset({"EVALSHA", "HGET"})
"""What every comment asks of the store, and is answered at once. All else goes through the pool."""


class Server(Redis):
    """A client that knows what must be confirmed, and may have a pipe for what is asked most."""

    durability = Durability()
    pipe: Pipe | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Through the pipe where that may be; where its connection broke, once more through the pool, which tries
        again as a client does."""
        if self.pipe is not None and args[0] in PIPED and options.keys() <= {"keys"}:
            try:
                return await self.pipe.ask(*args)
            except RedisConnectionError:
                pass
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        if self.pipe is not None:
            await self.pipe.close()
        await super().aclose(close_connection_pool)

    @classmethod
    def over(cls, pool: ConnectionPool, place: Address) -> Self:
        """A client that owns its pool."""
        client = cast("Self", cls.from_pool(pool))
        client.durability = place.durability
        return client


class BehindSentinels(Server):
    sentinels: Sentinel

    async def look_again(self) -> None:
        """Ask who is the primary now; if it is another one, idle connections to the old one are closed."""
        pool: Any = self.connection_pool
        await pool.get_master_address()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        await self.sentinels.aclose()


class _WaitingPool(SentinelConnectionPool, BlockingConnectionPool):
    """Who finds all connections busy waits for one."""


def primary_of_sentinel(place: Address, pool_class: type[ConnectionPool], options: dict[str, Any]) -> Redis:
    """`pool_class` says whether commands wait for a free connection (BlockingConnectionPool) or not."""
    limits = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    login = {"username": place.username, "password": place.password}
    sentinels = Sentinel(place.hosts, sentinel_kwargs=limits | login | {"ssl": place.tls})  # type: ignore[no-untyped-call]
    kind: Any = _WaitingPool if issubclass(pool_class, BlockingConnectionPool) else SentinelConnectionPool
    pool = kind(
        place.service,
        sentinels,
        connection_class=SentinelManagedSSLConnection if place.tls else SentinelManagedConnection,
        db=place.db,
        check_connection=True,
        **options,
        **login,
    )
    client = BehindSentinels.over(pool, place)
    client.sentinels = sentinels
    return client
