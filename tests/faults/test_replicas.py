"""What "recorded" means where copies must confirm: refused without them, once when tried again, never taken back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from streamhub.facts import BroadcastCreated, CommentSubmitted
from streamhub.record.directory import create_broadcast
from streamhub.record.log import Log, NotRecorded, broadcast_key, broadcast_log
from streamhub.record.primary import Forked
from streamhub.record.replay import keep_snapshot, replay
from streamhub.record.store import connect, connect_follower
from tests.faults.clusters import ClusterOfNodes
from tests.faults.crowd import Member
from tests.faults.nodes import STORE_OPTIONS, Node, free_ports
from tests.running import Running, once
from web.doctor import parts
from web.settings import Settings


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Node, Node]]:
    """A primary and its replica."""
    ports = free_ports(2)
    options = [*STORE_OPTIONS, "--appendfsync", "always"]
    primary = Node(tmp_path / "primary", ports[0], *options)
    replica = Node(tmp_path / "replica", ports[1], "--replicaof", primary.address.replace(":", " "), *options)
    for node in (primary, replica):
        node.start()
        await node.ready()
    async with replica.client as client, asyncio.timeout(30):
        while (await client.info("replication"))["master_link_status"] != "up":
            await asyncio.sleep(0.05)
    yield primary, replica
    for node in (primary, replica):
        node.stop()


def said(text: str) -> CommentSubmitted:
    return CommentSubmitted(viewer="v-ann", nick="Ann", text=text)


@pytest.mark.parametrize("asked", ["replicas=1", "replicas=1&disk=yes"])
async def test_what_a_replica_has_not_got_is_not_acknowledged(pair: tuple[Node, Node], asked: str) -> None:
    primary, replica = pair
    address = f"redis://{primary.address}?{asked}"
    store = connect(address)
    log = broadcast_log(store, "REEF")
    first = await log.append(said("1"), once="1")
    async with replica.client as client:
        assert [entry_id.decode() for entry_id, _ in await client.xrange(log.key)] == [first.id]

    replica.signal(signal.SIGSTOP)
    for _ in range(2):  # the second finds the entry of the first, which is still not copied
        with pytest.raises(NotRecorded):
            await log.append(said("2"), once="2")
    with pytest.raises(Exception, match="confirmed"):
        await log.known("2")
    replica.signal(signal.SIGCONT)
    second = await log.append(said("2"), once="2")
    assert (second.fresh, await log.known("2")) == (False, second.id)
    assert [entry.fact.text for entry in await log.read()] == ["1", "2"]

    finding, _ = await parts.store(Settings(data=Path("data"), store=address), None)
    assert finding.level == "ok" and "1 must confirm" in finding.message
    replica.kill()
    finding, _ = await parts.store(Settings(data=Path("data"), store=address), None)
    assert finding.level == "bad" and "records nothing" in finding.message
    await store.aclose()


async def test_a_server_that_took_over_without_the_latest_entry_is_noticed(pair: tuple[Node, Node]) -> None:
    """The follower's position is not in its log, though that has gone on since; nor is a snapshot of it used."""
    primary, replica = pair
    before, after = (connect_follower(f"redis://{node.address}?replicas=0") for node in pair)
    both = connect(f"redis://{primary.address}?replicas=1")
    await create_broadcast(both, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    kept = await broadcast_log(both, "REEF").append(said("kept"), once="1")
    async with replica.client as client:
        await client.execute_command("REPLICAOF", "NO", "ONE")
        lost = await broadcast_log(before, "REEF").append(said("lost"), once="2")
        state = await replay(before, "REEF")
        await broadcast_log(after, "REEF").append(said("later"), once="3")
        await keep_snapshot(after, "REEF", state)
    followed = broadcast_log(connect_follower(f"redis://{replica.address}?replicas=1"), "REEF")
    assert await texts(followed, kept.id) == ["later"]
    for read in (followed.wait(lost.id, 100), followed.read_on(lost.id)):
        with pytest.raises(Forked):
            await read
    assert not await followed.still_has(lost.id)
    assert [comment.text for comment in (await replay(after, "REEF")).comments.by_id.values()] == ["kept", "later"]
    for store in (before, after, both, followed.store):
        await store.aclose()


async def texts(log: Log, after: str) -> list[str]:
    return [entry.fact.text for entry in await log.read_on(after)]


@pytest.mark.timeout(240)
async def test_viewers_who_saw_what_a_fail_over_lost_are_told_to_start_over(
    cluster: ClusterOfNodes, tmp_path: Path, model: Path
) -> None:
    """A comment that its author was told to try again is on the screens, vanishes with its primary, and comes back
    by the retry: once, for those who stayed and for one who was away meanwhile."""
    running = Running(tmp_path / "data", environ={"STREAMHUB_STORE": cluster.store, "STREAMHUB_MODEL": str(model)})
    try:
        await asyncio.to_thread(running.start)
        code = await running.broadcast("FORKED")
        ann, bo, away = (Member(running, code) for _ in range(3))
        staying = [asyncio.create_task(member.stay()) for member in (ann, bo, away)]
        await asyncio.gather(*(member.seated.wait() for member in (ann, bo, away)))
        primary = await cluster.primary_of(broadcast_key(code))
        replica = await cluster.replica_of(primary)
        replica.signal(signal.SIGSTOP)
        async with primary.client as client:  # from here on nothing is copied, and it takes writes all the same
            await client.config_set("min-replicas-to-write", 0)
            await client.execute_command("CLIENT", "KILL", "TYPE", "REPLICA")
        fields = {"once": once(), "text": "到底有多深 how deep is it here", "nick": "Ann"}
        answer = await ann.ask("comment", fields)
        assert answer["error"]["code"] == "unavailable"
        await until(lambda: bo.shown and away.shown)
        vanished = bo.shown[0]
        staying.pop().cancel()
        await away.hang_up()
        await asyncio.to_thread(primary.kill)
        replica.signal(signal.SIGCONT)
        await until(lambda: not bo.shown)
        await cluster.restart(primary)
        while not (answer := await ann.ask("comment", fields))["ok"]:
            await asyncio.sleep(answer["error"].get("retry_after") or 0.2)
        assert answer["id"] != vanished
        staying.append(asyncio.create_task(away.stay()))
        await until(lambda: [member.shown for member in (ann, bo, away)] == [[answer["id"]]] * 3)
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)
        await asyncio.gather(*(member.hang_up() for member in (ann, bo, away)))
    finally:
        await asyncio.to_thread(running.stop)


async def until(wanted: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not wanted():
            await asyncio.sleep(0.02)
