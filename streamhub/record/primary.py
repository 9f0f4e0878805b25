"""What must happen on one connection to the primary of a log: append and confirm, read on without a gap.

Callers: `log.py` and `group.py`. On one server without replicas all of this is the plain command.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError, RedisError

from streamhub.record.address import Durability
from streamhub.record.cluster import Cluster
from streamhub.record.server import BehindSentinels
from streamhub.state.projection import START

CONFIRM_MS = 1000
"""How long the replicas may take to confirm; then the append counts as not recorded."""

DISK_CONFIRM_MS = 2000
"""The same where they confirm what is on disk: with `appendfsync everysec` that alone takes a second."""

_NONE = Durability()
_T = TypeVar("_T")


class NotConfirmed(RedisError):
    """Written, but not by as many as was asked for: it may or may not be there later."""


class Forked(RedisError):
    """The entry that was read last is not in the log any more: another server took over, and had not got it."""


def durability_of(store: Redis) -> Durability:
    """A client that `store.py` did not make knows of no replicas."""
    return getattr(store, "durability", _NONE)


async def on_primary(store: Redis, key: str, work: Callable[[Redis], Awaitable[_T]]) -> _T:
    """Do it with the client of the server that has this key. After an error it is asked anew which one that is: a
    primary that lost its place without noticing would be asked for ever."""
    if isinstance(store, Cluster):
        return await store.run(key, work)
    if not isinstance(store, BehindSentinels):
        return await work(store)
    try:
        return await work(store)
    except (RedisError, OSError, TimeoutError):
        with suppress(RedisError, OSError, TimeoutError):
            await store.look_again()
        raise


def one_command_each(store: Redis, keys: Sequence[str]) -> list[list[str]]:
    """The keys, grouped so that one command may name all of a group: on a Cluster those of one slot."""
    if not isinstance(store, Cluster):
        return [list(keys)] if keys else []
    slots: dict[int, list[str]] = {}
    for key in keys:
        slots.setdefault(store.slot(key), []).append(key)
    return list(slots.values())


async def run_confirmed(store: Redis, script: AsyncScript, keys: list[str], args: list[Any]) -> Any:
    """Run a script that writes; returns its answer when all who must have it confirm, else raises NotConfirmed."""
    durability = durability_of(store)

    async def run(primary: Redis) -> Any:
        try:
            return await _confirmed(primary, durability, "EVALSHA", script.sha, len(keys), *keys, *args)
        except NoScriptError:  # a server that has just taken over, or was restarted, does not know it
            return await _confirmed(primary, durability, "EVAL", script.script, len(keys), *keys, *args)

    return await on_primary(store, keys[0], run)


async def do_confirmed(store: Redis, *command: Any) -> Any:
    """The same for one command; its second word is the key."""
    durability = durability_of(store)
    return await on_primary(store, command[1], lambda primary: _confirmed(primary, durability, *command))


async def _confirmed(primary: Redis, durability: Durability, *command: Any) -> Any:
    """One round trip: the command, and on the same connection the wait for everything that it has written so far."""
    if not durability.confirms:
        return await cast("Awaitable[Any]", primary.execute_command(*command))  # type: ignore[no-untyped-call]
    async with primary.pipeline(transaction=False) as pipe:
        pipe.execute_command(*command)
        if durability.disk:
            pipe.execute_command("WAITAOF", 1, durability.replicas, DISK_CONFIRM_MS)
        else:
            pipe.execute_command("WAIT", durability.replicas, CONFIRM_MS)
        answer, confirmed = await pipe.execute()
    here, copies = confirmed if durability.disk else (1, confirmed)
    if here < 1 or copies < durability.replicas:
        raise NotConfirmed(f"{copies} of {durability.replicas} replicas confirmed")
    return answer


async def read_on(store: Redis, key: str, after: str, *, count: int, block_ms: int) -> Any:
    """XREAD of one log. Where another server may have taken over, it is looked on the same connection whether the log
    still has the entry `after`; raises Forked if not."""
    return await _checked(store, key, after, lambda client: client.xread({key: after}, count=count, block=block_ms))


async def read_now(store: Redis, key: str, after: str, *, count: int) -> Any:
    """The same with XRANGE, which does not wait."""
    return await _checked(store, key, after, lambda client: client.xrange(key, min=f"({after}", count=count))


async def _checked(store: Redis, key: str, after: str, read: Callable[[Redis], Any]) -> Any:
    async def work(primary: Redis) -> Any:
        if after == START or not durability_of(store).fails_over:
            return await read(primary)
        async with primary.pipeline(transaction=False) as pipe:
            pipe.xrange(key, min=after, max=after, count=1)
            read(pipe)
            there, answer = await pipe.execute()
        if not there:
            raise Forked(f"{key}: the entry {after} is gone")
        return answer

    return await on_primary(store, key, work)
