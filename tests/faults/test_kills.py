"""Processes killed with SIGKILL at random moments under load: what was acknowledged is there, once, everywhere."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import ROUNDS
from tests.faults.crowd import Crowd
from tests.running import Running

VICTIMS = ("hub-1", "moderation-1", "boards", "valkey", "everything")


@pytest.mark.timeout(240 + 40 * ROUNDS)
async def test_whatever_is_killed_nothing_acknowledged_is_lost_or_doubled(
    tmp_path: Path, model: Path, seed: int
) -> None:
    running = Running(tmp_path / "data", "--hubs", "2", environ={"STREAMHUB_MODEL": str(model)})
    await asyncio.to_thread(running.start)
    crowd = Crowd(running, await running.broadcast("REEF", campaigns=[await running.campaign("WEEK")]), "WEEK", seed)
    await crowd.gather()
    crowd.act()
    chance = random.Random(seed)
    for number in range(ROUNDS):
        if number % len(VICTIMS) == 0:
            order = chance.sample(VICTIMS, len(VICTIMS))
        await asyncio.sleep(chance.uniform(0.5, 3.0))
        await strike(running, order[number % len(VICTIMS)])
    await asyncio.sleep(chance.uniform(0.5, 3.0))
    await crowd.settle()
    await crowd.check()
    print(f"{ROUNDS} kills: {crowd.summary}")
    await crowd.leave()
    assert await asyncio.to_thread(running.stop) == 0


async def strike(running: Running, victim: str) -> None:
    """SIGKILL; all that is not `serve` itself is started again by it."""
    if victim == "everything":
        running.kill()
        await asyncio.to_thread(running.start)
        return
    try:
        os.kill(running.processes[victim], signal.SIGKILL)
    except ProcessLookupError:
        return  # it rests after an earlier death
