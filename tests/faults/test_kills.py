"""Processes killed with SIGKILL at random moments under load: what was acknowledged is there, once, everywhere."""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest

from tests.faults.conftest import ROUNDS
from tests.faults.crowd import Crowd
from tests.running import Running

VICTIMS = ("hub-1", "moderation-1", "boards", "valkey", "everything")


@pytest.mark.timeout(180 + 40 * ROUNDS)
async def test_killed(stricken: Running, crowd: Crowd, seed: int) -> None:
    """Whatever is killed, nothing acknowledged is lost or doubled, in the log, on a screen or on a board."""
    crowd.act()
    chance = random.Random(seed)
    victims: list[str] = []
    for _ in range(ROUNDS):
        victims = victims or chance.sample(VICTIMS, len(VICTIMS))
        await asyncio.sleep(chance.uniform(0.5, 3.0))
        await strike(stricken, victims.pop())
    await asyncio.sleep(chance.uniform(0.5, 3.0))
    await crowd.settle()
    await crowd.check()
    print(f"{ROUNDS} kills: {crowd.summary}")


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
