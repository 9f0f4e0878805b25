"""The client of a server that is taking over a slot of a Valkey Cluster: it answers for what has arrived already.

Made by `cluster.py` where the slot's primary answers ASK. Such a server sends everybody back to the old one but who
says ASKING, which holds for one command on one connection: so it goes before each, in the same round trip.
"""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline


class Asking(Redis):
    """For commands on keys that the old server said it does not have; others would be made here a second time."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        async with self.pipeline() as pipe:
            pipe.execute_command(*args, **options)
            return (await pipe.execute())[0]

    def pipeline(self, transaction: bool = False, shard_hint: str | None = None) -> Pipeline:
        return _AskingPipeline(self.connection_pool, self.response_callbacks, False, shard_hint)


class _AskingPipeline(Pipeline):
    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.command_stack += [(("ASKING",), {}), (args, options)]
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        return (await super().execute(raise_on_error))[1::2]
