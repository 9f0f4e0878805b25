"""Which broadcasts and campaigns there are, and which of them moderation reads: sorted sets, rebuildable from the logs.

A broadcast is live from its creation until it is closed and all that was said has its verdict; opening it again makes
it live again. Callers: the pages, the API, the board worker, the moderation worker.
"""

from __future__ import annotations

import random
import time
from importlib.resources import files
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.campaign_facts import CampaignCreated
from streamhub.facts import BroadcastCreated
from streamhub.record.log import Appended, NotRecorded, broadcast_key, broadcast_log, campaign_key, campaign_log
from streamhub.record.primary import do_confirmed

BROADCASTS = "streamhub:broadcasts"
CAMPAIGNS = "streamhub:campaigns"
LIVE = "streamhub:live"

_LEAVE = files("streamhub.record").joinpath("leave.lua").read_text("utf-8")


async def create_broadcast(store: Redis, fact: BroadcastCreated) -> Appended:
    """Record the fact, then list it. `fresh` is False when the code was taken. Safe to repeat; raises NotRecorded."""
    done = await broadcast_log(store, fact.code).append(fact, once="created")
    await _list(store, BROADCASTS, fact.code, done)
    if done.fresh:
        await put_live(store, fact.code)
    return done


async def create_campaign(store: Redis, fact: CampaignCreated) -> Appended:
    done = await campaign_log(store, fact.id).append(fact, once="created")
    await _list(store, CAMPAIGNS, fact.id, done)
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


async def live(store: Redis) -> dict[str, float]:
    """Code -> when it was put there last, newest first."""
    rows = cast("list[tuple[bytes, float]]", await store.zrange(LIVE, 0, -1, desc=True, withscores=True))
    return {code.decode(): float(at) for code, at in rows}


async def put_live(store: Redis, code: str) -> None:
    """Before it is opened: once this is confirmed, no comment can be overlooked. Raises NotRecorded."""
    await _confirmed(store, LIVE, code, time.time() * 1000)


async def leave_live(store: Redis, code: str, at: float) -> bool:
    """False if it was put there again after `at`."""
    return bool(await store.register_script(_LEAVE)(keys=[LIVE], args=[code, repr(at)]))


async def _list(store: Redis, which: str, name: str, done: Appended) -> None:
    """By the time of its first fact. The fraction of a millisecond makes each try a write, which a WAIT then covers."""
    await _confirmed(store, which, name, int(done.id.split("-")[0]) + random.random() / 2)  # noqa: S311 - no secret


async def _confirmed(store: Redis, which: str, name: str, score: float) -> None:
    try:
        await do_confirmed(store, "ZADD", which, repr(score), name)
    except (RedisError, OSError, TimeoutError) as error:
        raise NotRecorded(f"{which}: {type(error).__name__}") from error
