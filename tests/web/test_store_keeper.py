"""The embedded store is kept: started again when it dies, and without writes while there is no room on the disk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streamhub.facts import ViewerJoined
from streamhub.record.log import NotRecorded, broadcast_log
from streamhub.record.store import EmbeddedValkey, connect, takes_writes
from web import store_keeper
from web.store_keeper import StoreKeeper

JOINED = ViewerJoined(viewer="v-ann")


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[EmbeddedValkey, list[int]]]:
    valkey, pids, stop = EmbeddedValkey(tmp_path / "store"), [], asyncio.Event()
    keeper = StoreKeeper(valkey, pids.append)
    await keeper.start()
    keeping = asyncio.create_task(keeper.keep(stop))
    yield valkey, pids
    stop.set()
    await keeping
    await keeper.end()


async def test_a_killed_store_is_started_again_with_everything(kept: tuple[EmbeddedValkey, list[int]]) -> None:
    valkey, pids = kept
    store = connect(valkey.url)
    log = broadcast_log(store, "REEF")
    for number in range(3):
        done = await log.append(JOINED, once=str(number))
        os.kill(valkey.pid or 0, signal.SIGKILL)
        async with asyncio.timeout(20):
            while len(pids) == number + 1:
                await asyncio.sleep(0.05)
        await valkey.ready()
        assert await log.last_id() == done.id
    await store.aclose()


async def test_before_the_disk_is_full_writes_are_refused_and_reads_answered(
    kept: tuple[EmbeddedValkey, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reserve is what is moved here: no disk is large enough for the one, any is for the other."""
    valkey, pids = kept
    store = connect(valkey.url)
    log = broadcast_log(store, "REEF")
    await log.append(JOINED, once="before")
    monkeypatch.setattr(store_keeper, "RESERVE_BYTES", 10**18)
    await until(store, taking=False)
    with pytest.raises(NotRecorded, match="REEF"):
        await log.append(JOINED, once="meanwhile")
    assert len(await log.read()) == 1
    os.kill(valkey.pid or 0, signal.SIGKILL)
    async with asyncio.timeout(20):
        while len(pids) == 1:
            await asyncio.sleep(0.05)
    await valkey.ready()
    assert not await takes_writes(store), "nor when it is started again on a full disk"
    monkeypatch.setattr(store_keeper, "RESERVE_BYTES", 1)
    await until(store, taking=True)
    assert (await log.append(JOINED, once="meanwhile")).fresh
    await store.aclose()


async def until(store: object, *, taking: bool) -> None:
    async with asyncio.timeout(20):
        while await takes_writes(store) != taking:  # type: ignore[arg-type]
            await asyncio.sleep(0.05)
