"""What is particular to a Valkey Cluster: logs of several slots, some of which cannot be reached."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentErased, CommentSubmitted
from streamhub.record.directory import create_broadcast
from streamhub.record.group import Taken, WorkerGroup
from streamhub.record.log import broadcast_key, broadcast_log
from streamhub.record.replay import keep_snapshot, replay
from streamhub.record.store import connect, connect_follower
from tests.faults.clusters import ClusterOfNodes
from web.doctor import parts
from web.settings import Settings


async def test_workers_share_logs_of_several_slots_and_one_dead_slot_stops_no_other(
    cluster: ClusterOfNodes, tmp_path: Path
) -> None:
    store, follower = connect(cluster.store), connect_follower(cluster.store)
    codes = [f"ROOM-{number}" for number in range(12)]
    for code in codes:
        await create_broadcast(store, BroadcastCreated(code=code, title=code, by="organizer"))
    groups = [WorkerGroup(follower, "moderation", name) for name in ("a", "b")]
    for group in groups:
        for code in codes:
            await group.add(broadcast_key(code))
    taken = await take(groups, len(codes))
    assert sorted(key for key, _ in taken) == sorted(map(broadcast_key, codes))

    victim = await cluster.primary_of(broadcast_key(codes[0]))
    alive = [code for code in codes if await cluster.primary_of(broadcast_key(code)) is not victim]
    assert 0 < len(alive) < len(codes)
    await asyncio.to_thread(victim.kill)
    for code in alive:
        await broadcast_log(store, code).append(BroadcastOpened(by="organizer"), once="open")
    taken = await take(groups, len(alive))
    assert sorted(key for key, _ in taken) == sorted(map(broadcast_key, alive))

    await cluster.restart(victim)
    await cluster.healthy()
    for code in set(codes) - set(alive):
        await broadcast_log(store, code).append(BroadcastOpened(by="organizer"), once="open")
    await take(groups, len(codes) - len(alive))
    finding, _ = await parts.store(Settings(data=tmp_path, store=cluster.store), None)
    assert finding.level == "ok" and "3 primaries" in finding.message
    for group in groups:
        await group.close()
    await store.aclose()
    await follower.aclose()


async def test_words_are_erased_in_whichever_slot_they_are(cluster: ClusterOfNodes) -> None:
    store = connect(cluster.store)
    for number in range(6):
        code = f"ROOM-{number}"
        log = broadcast_log(store, code)
        said = await log.append(CommentSubmitted(viewer="v", nick="Ann", text="zeromothree"), once="said")
        await keep_snapshot(store, code, await replay(store, code))
        erased = await log.append(CommentErased(comment=said.id, by="author"), once="erase")
        await log.erase(said.id)
        assert [entry.id async for entry in log.all()] == [erased.id]
        assert (await replay(store, code)).comments.by_id == {}
        assert not await store.exists(broadcast_key(code, "snapshot"))
    await store.aclose()


async def take(groups: list[WorkerGroup], count: int) -> list[Taken]:
    """What the workers get until there are so many; each once."""
    found: list[Taken] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            for group in groups:
                found += await group.take(32, 100)
    assert len(set(found)) == len(found) == count
    return found
