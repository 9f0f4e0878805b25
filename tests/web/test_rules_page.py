"""The page of rules as a host opens it: what it says holds at that moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, ViewerRestricted
from streamhub.live.admission import Grant
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey
from tests.web.application import application, signed_in

HOST = Grant(role="host", broadcast="REEF", name="Mei")


async def now_ms(store: Redis) -> int:
    seconds, micros = await store.time()
    return int(seconds * 1000 + micros // 1000)


async def test_who_was_restricted_until_a_moment_ago_is_not_listed_by_a_process_that_starts_now(
    valkey: EmbeddedValkey, store: Redis, tmp_path: Path
) -> None:
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    until = await now_ms(store) + 200
    for viewer, end in (("v-past", until), ("v-still", until + 600_000)):
        muted = ViewerRestricted(
            viewer=viewer, effect="mute", until_ms=end, by="moderator:Bo", reason=f"{viewer} again"
        )
        await broadcast_log(store, "REEF").append(muted, once=viewer)
    while await now_ms(store) <= until:
        await asyncio.sleep(0.05)
    async with application(valkey, tmp_path) as client:
        page = await (await client.get("/host/REEF/rules", cookies=signed_in(tmp_path, HOST))).text()
    assert "v-still again" in page
    assert "v-past again" not in page
