"""On the running server: a long broadcast gets its snapshot while it is live, and no hub makes it."""

from __future__ import annotations

import asyncio

import pytest

from streamhub.facts import ViewerJoined
from streamhub.record.log import broadcast_key, broadcast_log
from streamhub.record.replay import replay
from streamhub.record.snapshots import EVERY
from streamhub.record.store import connect
from tests.running import Running


@pytest.mark.timeout(120)
async def test_a_long_broadcast_is_kept_while_it_is_live(server: Running) -> None:
    code = await server.broadcast("SNAPSHOT")
    store = connect(server.store)
    try:
        log = broadcast_log(store, code)
        await asyncio.gather(*(log.append(ViewerJoined(viewer=f"v-{n}"), once=f"join:{n}") for n in range(EVERY)))
        async with asyncio.timeout(60):
            while not await store.exists(broadcast_key(code, "snapshot")):
                await asyncio.sleep(0.2)
        assert len((await replay(store, code)).audience.nick_of) == EVERY
    finally:
        await store.aclose()
