"""Comments in a real store -> one verdict each, whatever dies in between."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from moderation.worker import GROUP, run
from streamhub.facts import BroadcastCreated, CommentJudged, CommentSubmitted
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_key, broadcast_log
from streamhub.record.store import EmbeddedValkey

CODE = "REEF-NIGHT"
REPOSITORY = Path(__file__).parents[2]
ONE_WORKER = """
import asyncio, sys
from pathlib import Path
from moderation.worker import run
url, model, data, consumer = sys.argv[1:]
asyncio.run(run(url, model=model, data=Path(data), policy=None, consumer=consumer, stop=asyncio.Event()))
"""


async def broadcast(store: Redis, code: str = CODE) -> None:
    await create_broadcast(store, BroadcastCreated(code=code, title="Reef", by="organizer"))


async def say(store: Redis, text: str, viewer: str = "v1", code: str = CODE) -> str:
    fact = CommentSubmitted(viewer=viewer, nick="n", text=text)
    return (await broadcast_log(store, code).append(fact, once=f"{viewer}:{time.monotonic_ns()}")).id


async def verdicts(store: Redis, code: str = CODE) -> list[CommentJudged]:
    return [e.fact async for e in broadcast_log(store, code).all() if isinstance(e.fact, CommentJudged)]


async def judged(
    store: Redis, count: int, code: str = CODE, seconds: float = 60, pause: float = 0.05
) -> dict[str, CommentJudged]:
    """Wait until so many comments have a verdict; fails if one has two."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = await verdicts(store, code)
        assert len({v.comment for v in found}) == len(found), "a comment was judged twice"
        if len(found) >= count:
            return {v.comment: v for v in found}
        await asyncio.sleep(pause)
    raise AssertionError(f"{len(found)} of {count} verdicts after {seconds} s")


@asynccontextmanager
async def worker(url: str, models: Path, model: str = "e5-small", consumer: str = "a") -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(run(url, model=model, data=models, policy=None, consumer=consumer, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def worker_process(url: str, models: Path, consumer: str, model: str = "e5-small") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", ONE_WORKER, url, model, str(models), consumer],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


async def test_each_comment_gets_its_verdict(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    said = {
        "myth_zh": await say(store, "地球自己的周期而已，变暖跟人类没关系"),
        "myth_en": await say(store, "volcanoes emit way more co2 than humans ever did", "v2"),
        "question": await say(store, "请问老师，火山排放的二氧化碳真的比人类多吗？", "v3"),
        "ad": await say(store, "加薇❤ lvse8866 领资料", "v4"),
        "spaced_ad": await say(store, "🐧 ①② ③⑥ ⑦⑧ ⑨", "v5"),
        "insult": await say(store, "你就是个傻逼", "v6"),
        "cheer": await say(store, "哈哈哈哈", "v7"),
        "thanks": await say(store, "谢谢老师的讲解", "v8"),
    }
    async with worker(valkey.url, models):
        found = await judged(store, len(said))
    result = {name: found[comment] for name, comment in said.items()}
    actions = {name: verdict.action for name, verdict in result.items()}
    assert actions == {
        "myth_zh": "annotate",
        "myth_en": "annotate",
        "question": "publish",
        "ad": "hold",
        "spaced_ad": "hold",
        "insult": "hold",
        "cheer": "publish",
        "thanks": "publish",
    }
    assert [r.code for r in result["ad"].reasons] == ["contact"]
    assert [r.code for r in result["insult"].reasons] == ["abuse"]
    note = result["myth_en"].note
    assert note is not None and note.claim == "m012" and note.url.startswith("https://") and note.fact_zh
    assert result["myth_zh"].reasons[0].code == "claim" and result["myth_zh"].reasons[0].rule == "m010"
    assert all(v.policy.startswith("default-") and v.model.startswith("e5-small+") for v in found.values())
    pending = await store.xpending(broadcast_key(CODE), GROUP)
    assert pending["pending"] == 0


async def test_repetition_is_held_and_applause_is_not(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    again = [await say(store, "大家快去看另一个台的节目吧") for _ in range(4)]
    cheers = [await say(store, "加油加油", f"c{i % 3}") for i in range(12)]
    async with worker(valkey.url, models):
        found = await judged(store, len(again) + len(cheers))
    assert [found[c].reasons[0].code if found[c].reasons else "" for c in again[2:]] == ["repetition"] * 2
    assert {found[c].action for c in cheers} == {"publish"}


async def test_verdict_comes_soon(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    async with worker(valkey.url, models):
        await say(store, "first words of the evening")
        await judged(store, 1)
        waits = []
        for i in range(10):
            sent = time.perf_counter()
            await say(store, f"what kind of coral is number {i}?", f"v{i}")
            await judged(store, i + 2, pause=0.005)
            waits.append(time.perf_counter() - sent)
    assert sorted(waits)[len(waits) // 2] < 0.3, waits


async def test_new_broadcast_is_noticed(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    async with worker(valkey.url, models):
        await asyncio.sleep(0.3)
        await broadcast(store, "LATE-ONE")
        await say(store, "hello everyone from the late one", code="LATE-ONE")
        await judged(store, 1, "LATE-ONE")


async def test_two_workers_share_and_never_judge_twice(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    async with worker(valkey.url, models, consumer="a"), worker(valkey.url, models, consumer="b"):
        for i in range(120):
            await say(store, f"what lives at {i} metres down there?", f"v{i}")
        found = await judged(store, 120)
        await asyncio.sleep(0.3)
    assert len(found) == len(await verdicts(store)) == 120


async def test_killed_worker_loses_nothing(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    for i in range(400):
        await say(store, f"a long sentence about the reef and its fish, number {i}, to be judged", f"v{i}")
    first = worker_process(valkey.url, models, "doomed")
    try:
        await judged(store, 1)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert len(await verdicts(store)) < 400
    async with worker(valkey.url, models, consumer="heir"):
        found = await judged(store, 400)
    assert len(found) == 400


async def test_without_a_model_what_the_rules_pass_is_held(
    store: Redis, valkey: EmbeddedValkey, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await broadcast(store)
    ok = await say(store, "what a beautiful turtle")
    ad = await say(store, "加我微信 abc12345", "v2")
    async with worker(valkey.url, models, model="/nonexistent/encoder"):
        found = await judged(store, 2)
    assert found[ok].action == "hold"
    assert (found[ok].reasons[0].code, found[ok].reasons[0].rule) == ("unsure", "model_missing")
    assert found[ad].reasons[0].code == "contact"
    assert "cannot be used" in caplog.text and "turtle" not in caplog.text


async def test_lost_store_is_waited_for(tmp_path: Path, models: Path) -> None:
    server = EmbeddedValkey(tmp_path / "store")
    server.start()
    await server.ready()
    async with worker(server.url, models, model="/nonexistent/encoder"):
        async with Redis(unix_socket_path=server.socket) as store:
            await broadcast(store)
            await say(store, "before the fall of the store")
            await judged(store, 1)
        server.stop()
        await asyncio.sleep(0.5)
        server.start()
        await server.ready()
        async with Redis(unix_socket_path=server.socket) as store:
            await say(store, "after the fall of the store", "v2")
            await judged(store, 2)
    server.stop()
