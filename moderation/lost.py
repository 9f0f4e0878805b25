"""Logs whose server cannot be reached: on a Cluster that is some of them, and the others go on.

Used by `worker.py` for one turn at a time; what was taken of a lost log stays pending and is taken over later.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.exceptions import RedisError

from streamhub.record.log import NotRecorded

STORE_LOST = (RedisError, NotRecorded, OSError, TimeoutError)


class Lost:
    """`why`: log key -> the error, of the logs that could not be reached in this turn."""

    def __init__(self) -> None:
        self.why: dict[str, Exception] = {}

    @asynccontextmanager
    async def spare(self, key: str) -> AsyncIterator[None]:
        try:
            yield
        except STORE_LOST as error:
            self.why[key] = error
