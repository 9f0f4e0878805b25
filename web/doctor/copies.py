"""How many copies of the store there are now, and whether that is what must confirm before a fact is recorded."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from streamhub.record.cluster import Cluster
from streamhub.record.primary import durability_of
from web.doctor.finding import Finding, bad, ok, warn


async def copies(store: Redis, shown: str) -> Finding:
    """For a store that answers; raises RedisError."""
    wanted = durability_of(store).replicas
    found = await _replicas(store)
    least = min(found.values())
    parts = f"{len(found)} primaries" if len(found) > 1 else "a primary"
    if least < wanted:
        return bad(
            "store", f"The store {shown} answers, but records nothing: {wanted} replicas must confirm, "
            f"and {_named(found, least)} has {least}.",
            "Start the replicas that are down, or ask for fewer with STREAMHUB_REPLICAS.",
        )  # fmt: skip
    if durability_of(store).fails_over and not wanted:
        return warn(
            "store", f"The store {shown} answers: {parts}; no replica confirms what is recorded.",
            "When a primary dies, what it accepted last may be lost. Unset STREAMHUB_REPLICAS to have one confirm.",
        )  # fmt: skip
    if len(found) == 1 and not wanted:
        return ok("store", f"The store {shown} answers.")
    return ok("store", f"The store {shown} answers: {parts}, at least {least} replicas each, {wanted} must confirm.")


async def _replicas(store: Redis) -> dict[str, int]:
    """Address of each primary -> replicas that are connected to it and up to date."""
    if not isinstance(store, Cluster):
        return {"the primary": _online(await store.info("replication"))}
    return {name: _online(await primary.info("replication")) for name, primary in (await store.primaries()).items()}


def _online(info: dict[str, Any]) -> int:
    return sum(1 for key, each in info.items() if key.startswith("slave") and _is_online(each))


def _is_online(replica: Any) -> bool:
    return isinstance(replica, dict) and replica.get("state") == "online"


def _named(found: dict[str, int], least: int) -> str:
    return next(name for name, count in found.items() if count == least)
