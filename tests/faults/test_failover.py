"""An evening and a rush of appends on a Cluster and behind Sentinels; the primary is killed in the middle.

Sentinels may promote either replica, so both confirm, which is the default. (With one, a second fail-over, of a primary
that lived, was seen to lose thousands of entries; `docs/decisions/0011-acknowledged-when-copied.md`.)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.faults.evening import ROUNDS, evening, rush
from tests.faults.nodes import SeveralNodes

DEAD_SECONDS = 4.0
"""How long a killed server stays away, until whoever looks after it starts it again: longer than a fail-over."""


@pytest.mark.timeout(180 + 60 * ROUNDS)
async def test_an_evening_survives_the_death_of_a_primary(several: SeveralNodes, tmp_path: Path, model: Path) -> None:
    await evening(several.store, tmp_path / "data", model, 1, partial(death_of_the_primary, several))


@pytest.mark.timeout(180 + 60 * ROUNDS)
async def test_a_rush_of_appends_loses_nothing_acknowledged(several: SeveralNodes) -> None:
    for _ in range(ROUNDS):
        await rush(several.store, partial(death_of_the_primary, several))


async def death_of_the_primary(nodes: SeveralNodes, logs: Sequence[str]) -> str:
    """Of the first log's; the others may be on the same server or not."""
    victim = await nodes.primary_of(logs[0])
    await asyncio.to_thread(victim.kill)
    killed = time.monotonic()
    while (await nodes.primary_of(logs[0])).port == victim.port:
        await asyncio.sleep(0.05)
    took_over = time.monotonic() - killed
    await asyncio.sleep(max(0.0, DEAD_SECONDS - took_over))
    await nodes.restart(victim)
    await nodes.healthy()
    return f"another primary after {took_over:.1f} s, the killed one back after {DEAD_SECONDS:g} s"
