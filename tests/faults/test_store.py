"""A store that stops answering, and one that cannot write: people are told so, viewers stay, and all goes on after."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.faults.crowd import Crowd, Member
from tests.running import ROOT, Running, once

PAUSE_SECONDS = 10.0
BOUND_SECONDS = 9.0
"""Browsers wait 8 s for an answer; a loaded machine gets one more."""

AT_ONCE = 100
"""More than a process has connections to the store."""

ROOM_BYTES = 20_000
"""How much the store can still write before its disk is full."""


@pytest.mark.timeout(240)
async def test_paused(stricken: Running, crowd: Crowd) -> None:
    """Ten seconds without an answer are told in bounded time, also to a hundred who ask at once; nobody is sent away,
    nothing is doubled."""
    host = Member(stricken, crowd.code)
    host.auth = {"role": stricken.role("host", crowd.code)}
    crowd.members.append(host)
    crowd.come_in(host)
    await host.seated.wait()
    everything = [comment(f"Is anybody there? {n}") for n in range(AT_ONCE)]
    valkey = stricken.processes["valkey"]
    os.kill(valkey, signal.SIGSTOP)
    try:
        paused = time.monotonic()
        crowd.act()
        answers = await asyncio.gather(*(host.ask("comment", fields) for fields in everything))
        waited = time.monotonic() - paused
        for answer in answers:
            assert answer["error"]["code"] == "unavailable" and "try again" in answer["error"]["message"], answer
        assert waited < BOUND_SECONDS
        assert await health(stricken) == (503, "unreachable")
        await asyncio.sleep(max(0.0, PAUSE_SECONDS - (time.monotonic() - paused)))
    finally:
        os.kill(valkey, signal.SIGCONT)
    await asyncio.gather(*(accepted_now(crowd, fields) for fields in everything))
    await crowd.settle()
    await crowd.check()
    print(f"told after {waited:.1f} s; {crowd.summary}")
    assert sum(member.returns for member in crowd.members) == 0, "nobody was sent away"


@pytest.mark.timeout(240)
async def test_full(stricken: Running, crowd: Crowd) -> None:
    """A write error makes Valkey exit: it comes back, answers reads and refuses writes until there is room."""
    crowd.act(pause=0.5)
    with no_more_room(stricken):
        async with asyncio.timeout(60):
            while await health(stricken) != (503, "refuses"):
                await asyncio.sleep(0.2)
        fields = comment("Does this fit?")
        answer = await crowd.members[-1].ask("comment", fields)
        assert answer["error"]["code"] == "unavailable" and "disk" in answer["error"]["message"], answer
        found = {each["check"]: each for each in (await doctor(stricken))["findings"]}
        assert found["store"]["level"] == "bad" and "takes nothing" in found["store"]["message"]
        async with ClientSession() as browser, browser.get(f"{stricken.url}/b/{crowd.code}") as page:
            assert page.status == 200, "who only watches is not concerned"
    await accepted_now(crowd, fields)
    await crowd.settle()
    await crowd.check()
    assert await health(stricken) == (200, "ok")
    print(f"full and free again: {crowd.summary}")


@contextmanager
def no_more_room(running: Running) -> Iterator[None]:
    """A limit on the size of files, which is a write error as real as a full disk's, and needs no rights."""
    files = sorted((running.data / "valkey").glob("appendonlydir/*.incr.aof"), key=lambda path: path.stat().st_mtime)
    limit = files[-1].stat().st_size + ROOM_BYTES
    serve = json.loads((running.data / "server.json").read_text())["pid"]
    try:
        for pid in (serve, running.processes["valkey"]):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        yield
    finally:
        for pid in (serve, running.processes["valkey"]):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def comment(text: str) -> dict[str, str]:
    return {"once": once(), "text": text, "nick": "Di", "kind": "comment"}


async def accepted_now(crowd: Crowd, fields: dict[str, str]) -> None:
    """The same command with the same `once`, until it is accepted: it then counts as all others."""
    async with asyncio.timeout(60):
        while not (answer := await crowd.members[-1].ask("comment", fields) or {"ok": False})["ok"]:
            await asyncio.sleep(0.5)
    crowd.accepted["comment"][fields["once"]] = answer["id"]


async def health(running: Running) -> tuple[int, str]:
    async with ClientSession() as browser, browser.get(f"{running.url}/api/health") as answer:
        return answer.status, (await answer.json())["store"]


async def doctor(running: Running) -> Any:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "web.cli", "doctor", "--data", str(running.data), "--port", str(running.port), "--json",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    return json.loads((await process.communicate())[0])
