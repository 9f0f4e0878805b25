"""The whole program killed with SIGKILL and started again has everything that was acknowledged."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.running import Running, once


@pytest.mark.timeout(240)
async def test_killed_and_restarted_everything_acknowledged_is_there_once(tmp_path: Path, model: Path) -> None:
    running = Running(tmp_path / "data", environ={"STREAMHUB_MODEL": str(model)})
    await asyncio.to_thread(running.start)
    campaign = await running.campaign("WEEK")
    code = await running.broadcast("KILLED", campaigns=[campaign])
    viewers = await asyncio.gather(*(running.viewer(code) for _ in range(5)))
    question = await viewers[0].say("Will the reef recover?", kind="question")
    await viewers[1].shown(question)
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Shanghai")).date().isoformat()
    acknowledged: list[str] = []

    async def speak(who: int) -> None:
        for n in range(1000):
            fields = {"once": once(), "text": f"fish {who}-{n} 真好看", "nick": f"v{who}"}
            answer = await viewers[who].client.call("comment", fields, timeout=20)
            if answer["ok"]:
                acknowledged.append(answer["id"])
            else:
                await asyncio.sleep(answer["error"].get("retry_after", 0.2))

    speaking = [asyncio.create_task(speak(who)) for who in range(5)]
    act = {"type": "log_trip", "date": today, "mode": "bike", "km": 5, "team": "Blue"}
    trip = await viewers[0].do("campaign", campaign=campaign, act=act)
    vote = await viewers[1].do("vote", question=question)
    assert trip["ok"] and vote["ok"]
    await asyncio.sleep(0.5)
    running.kill()
    for task in speaking:
        task.cancel()
    await asyncio.gather(*speaking, return_exceptions=True)
    epoch, as_of = viewers[2].joined["batch"]["epoch"], viewers[2].joined["batch"]["as_of"]

    await asyncio.to_thread(running.start)
    log = await running.log(code)
    ids = [row["id"] for row in log]
    assert len(acknowledged) >= 10
    assert set(acknowledged) <= set(ids) and len(set(ids)) == len(ids)
    assert vote["id"] in ids
    back = viewers[2]
    back.frames.clear()
    await back.come(code, after=as_of, epoch=epoch)
    assert back.joined["batch"]["epoch"] == epoch and not back.joined["batch"].get("reset")
    view = back.joined["campaigns"][0]
    assert view["rankings"]["km"][0]["values"]["km"] == 5
    async with asyncio.timeout(60):
        while True:
            rows = await running.log(code)
            judged = [row["fact"]["comment"] for row in rows if row["fact"]["type"] == "comment_judged"]
            if set(acknowledged) <= set(judged):
                break
            await asyncio.sleep(0.3)
    assert len(judged) == len(set(judged)) == sum(row["fact"]["type"] == "comment_submitted" for row in rows)
    await back.leave()
    assert await asyncio.to_thread(running.stop) == 0
