"""The main walk of an evening on several Valkey servers, and a rush of appends, each with trouble in the middle.

Used by `test_failover.py` and `test_resharding.py`, which bring the trouble. `make soak` does more rounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from pathlib import Path

from aiohttp import ClientSession

from streamhub.facts import CommentSubmitted
from streamhub.record.log import NotRecorded, broadcast_key, broadcast_log, campaign_key
from streamhub.record.store import connect
from tests.faults.crowd import Crowd
from tests.running import Running

ROUNDS = min(int(os.environ.get("ROUNDS", "1")), 10)
"""Troubles in a row: one in the ordinary suite, ten by `make soak`."""

Trouble = Callable[[Sequence[str]], Awaitable[str]]
"""What befalls the servers that have these logs; over when it returns, with a word on it."""


async def evening(store: str, data: Path, model: Path, seed: int, trouble: Trouble) -> None:
    """The product on these servers, `ROUNDS` times in trouble under load; checks what is left, and prints it."""
    running = Running(data, "--hubs", "2", environ={"STREAMHUB_STORE": store, "STREAMHUB_MODEL": str(model)})
    await asyncio.to_thread(running.start)
    try:
        await running.campaign("WEEK")
        code = await running.broadcast("EVENING", campaigns=["WEEK"])
        crowd = Crowd(running, code, "WEEK", seed, size=12)
        await crowd.gather()
        try:
            for _ in range(ROUNDS):
                await _round(crowd, trouble)
            await _pages(running, code)
        finally:
            await crowd.leave()
    finally:
        assert await asyncio.to_thread(running.stop) == 0


async def _round(crowd: Crowd, trouble: Trouble) -> None:
    crowd.longest = 0.0
    crowd.act(pause=0.3)
    await asyncio.sleep(2)
    before = _accepted(crowd)
    what = await trouble([broadcast_key(crowd.code), campaign_key(crowd.campaign)])
    await asyncio.sleep(1)
    await crowd.settle()
    await crowd.check()
    print(
        f"\nacknowledged {_accepted(crowd)}, {before} before, lost 0; {what};"
        f" unavailable {crowd.longest:.1f} s; {crowd.summary}"
    )


async def rush(store_url: str, trouble: Trouble) -> None:
    """Logs alone, as fast as it goes: 32 append to four of them through the trouble, each trying again with the same
    `once` until it is acknowledged. Nothing acknowledged is lost, nothing is there twice."""
    store = connect(store_url)
    logs = [broadcast_log(store, f"RUSH-{time.monotonic_ns()}") for _ in range(4)]
    acknowledged: dict[str, dict[str, str]] = {log.key: {} for log in logs}
    calm = asyncio.Event()
    longest = 0.0

    async def speak(who: int) -> None:
        nonlocal longest
        log = logs[who % len(logs)]
        for n in count():
            once, begun = f"{who}-{n}", time.monotonic()
            while once not in acknowledged[log.key]:
                with contextlib.suppress(NotRecorded):
                    fact = CommentSubmitted(viewer=f"v{who}", nick="Ann", text=once)
                    acknowledged[log.key][once] = (await log.append(fact, once=once)).id
            longest = max(longest, time.monotonic() - begun)
            if calm.is_set():
                return

    speakers = [asyncio.create_task(speak(who)) for who in range(32)]
    await asyncio.sleep(1.5)
    what = await trouble([log.key for log in logs])
    await asyncio.sleep(1)
    calm.set()
    await asyncio.gather(*speakers)
    lost = doubled = 0
    for log in logs:
        said = {entry.id: entry.fact.text async for entry in log.all()}
        lost += len(acknowledged[log.key].items() - {text: entry_id for entry_id, text in said.items()}.items())
        doubled += len(said) - len(set(said.values()))
    await store.aclose()
    total = sum(map(len, acknowledged.values()))
    print(f"\nrush: acknowledged {total}, lost {lost}, doubled {doubled}; {what}; unavailable {longest:.1f} s")
    assert (lost, doubled) == (0, 0) and total > 200


async def _pages(running: Running, code: str) -> None:
    """What people without a script see, and the report, come from the same log."""
    shown = [row["fact"] for row in await running.log(code) if row["fact"]["type"] == "comment_submitted"]
    async with ClientSession() as client:
        async with client.get(f"{running.url}/b/{code}") as answer:
            page = await answer.text()
            assert answer.status == 200
            assert shown[-1]["text"] in page or shown[0]["text"] in page
        await running.api("POST", f"/api/broadcasts/{code}/close")
        headers = {"Authorization": f"Bearer {running.role()}"}
        async with client.get(f"{running.url}/report/{code}", headers=headers) as answer:
            assert answer.status == 200, answer.status


def _accepted(crowd: Crowd) -> int:
    return sum(len(ids) for ids in crowd.accepted.values())
