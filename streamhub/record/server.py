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

from streamhub.record.address import Address, Durability

SENTINEL_SECONDS = 1.0
"""How long a Sentinel may take to say who is the primary; then the next one is asked."""


class Server(Redis):
    """A plain client that knows what must be confirmed."""

    durability = Durability()

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
