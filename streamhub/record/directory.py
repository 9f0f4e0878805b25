"""Which broadcasts and campaigns there are: two sorted sets by time of creation, rebuildable from the logs."""

from __future__ import annotations

from typing import cast

from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, CampaignCreated
from streamhub.record.log import Appended, broadcast_key, broadcast_log, campaign_key, campaign_log

BROADCASTS = "streamhub:broadcasts"
CAMPAIGNS = "streamhub:campaigns"


async def create_broadcast(store: Redis, fact: BroadcastCreated) -> Appended:
    """Record the fact, then list it. `fresh` is False when the code was taken. Safe to repeat."""
    done = await broadcast_log(store, fact.code).append(fact, once="created")
    await store.zadd(BROADCASTS, {fact.code: int(done.id.split("-")[0])}, nx=True)
    return done


async def create_campaign(store: Redis, fact: CampaignCreated) -> Appended:
    done = await campaign_log(store, fact.id).append(fact, once="created")
    await store.zadd(CAMPAIGNS, {fact.id: int(done.id.split("-")[0])}, nx=True)
    return done


async def broadcasts(store: Redis) -> list[str]:
    """All codes, newest first."""
    return [code.decode() for code in cast("list[bytes]", await store.zrevrange(BROADCASTS, 0, -1))]


async def campaigns(store: Redis) -> list[str]:
    return [name.decode() for name in cast("list[bytes]", await store.zrevrange(CAMPAIGNS, 0, -1))]


async def broadcast_exists(store: Redis, code: str) -> bool:
    return bool(await store.exists(broadcast_key(code)))


async def campaign_exists(store: Redis, campaign: str) -> bool:
    return bool(await store.exists(campaign_key(campaign)))
