"""A store that stops answering for ten seconds: submitters are told so, viewers stay, and all goes on afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.faults.crowd import Crowd
from tests.running import Running, once

PAUSE_SECONDS = 10.0
BOUND_SECONDS = 9.0
"""The client waits 8 s for an answer; a loaded machine gets one more."""


@pytest.mark.timeout(240)
async def test_a_paused_store_is_said_and_outlived(tmp_path: Path, model: Path, seed: int) -> None:
    running = Running(tmp_path / "data", environ={"STREAMHUB_MODEL": str(model)})
    await asyncio.to_thread(running.start)
    crowd = Crowd(running, await running.broadcast("REEF", campaigns=[await running.campaign("WEEK")]), "WEEK", seed)
    await crowd.gather()
    valkey = running.processes["valkey"]
    os.kill(valkey, signal.SIGSTOP)
    try:
        paused = time.monotonic()
        crowd.act()
        member = crowd.members[-1]
        fields = {"once": once(), "text": "Is anybody there?", "nick": "Di", "kind": "comment"}
        answer = await member.ask("comment", fields)
        waited = time.monotonic() - paused
        assert answer["error"]["code"] == "unavailable" and "try again" in answer["error"]["message"], answer
        assert waited < BOUND_SECONDS
        async with ClientSession() as browser, browser.get(f"{running.url}/api/health") as health:
            assert (health.status, (await health.json())["store"]) == (503, "unreachable")
        await asyncio.sleep(PAUSE_SECONDS - (time.monotonic() - paused))
    finally:
        os.kill(valkey, signal.SIGCONT)
    crowd.accepted["comment"][fields["once"]] = (await patiently(crowd, fields))["id"]
    await asyncio.sleep(1)
    await crowd.settle()
    await crowd.check()
    print(f"told after {waited:.1f} s; {crowd.summary}")
    assert sum(each.returns for each in crowd.members) == 0, "nobody was sent away"
    await crowd.leave()
    assert await asyncio.to_thread(running.stop) == 0


async def patiently(crowd: Crowd, fields: dict[str, str]) -> dict[str, str]:
    """The same command with the same `once` until it is accepted."""
    async with asyncio.timeout(30):
        while not (answer := await crowd.members[-1].ask("comment", fields) or {"ok": False})["ok"]:
            await asyncio.sleep(0.3)
    return dict(answer)
