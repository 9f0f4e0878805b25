"""An organizer lets the donation page pass in all broadcasts of a campaign; a tool publishes what was held before."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiohttp import ClientSession
from click.testing import CliRunner, Result

import moderation.policy
from tests.running import Running, once
from web.cli import streamhub

SAID = (
    "I found the turtles on www.blueshore.shop/give1",
    "where do we help the reef? at blueshore.shop/reef",
    "我在 www.blueshore.shop/river 看到了河流的消息",
    "the seals are at www.blueshore.shop/seals now",
    "看海鸟的资料 blueshore.shop/birds",
    "last week's pictures: www.blueshore.shop/pictures",
    "我们学校也在 blueshore.shop/school 上",
    "all the maps stand on www.blueshore.shop/maps",
)
POLICY = Path(moderation.policy.__file__).parent / "default.toml"


async def test_a_donation_page_passes_in_every_broadcast_of_its_campaign(server: Running) -> None:
    campaign = await server.campaign("GIVING")
    codes = [await server.broadcast(code, campaigns=[campaign]) for code in ("GIVING-1", "GIVING-2")]
    author = await server.viewer(codes[0])
    held = await author.say(SAID[0])
    assert (await author.outcome(held))["status"] == "held"

    listing = {"once": once(), "word": "blueshore.shop", "effect": "allow"}
    await server.api("POST", f"/api/campaigns/{campaign}/words/list", listing)
    sentences = iter(SAID[1:])
    while await said(server, codes[0], next(sentences)) == "held":
        await asyncio.sleep(0.5)
    assert await said(server, codes[1], SAID[0]) == "shown"

    made = await server.api("POST", "/api/links", {"role": "moderator", "broadcast": codes[0], "name": "tool"})
    async with ClientSession() as tool:
        token = (await (await tool.post(made["url"] + "?format=json")).json())["token"]
        review = f"{server.url}/api/broadcasts/{codes[0]}/review"
        headers = {"Authorization": f"Bearer {token}"}
        queue = (await (await tool.get(review, headers=headers)).json())["review"]
        first = next(view for view in queue["held"] if view["id"] == held)
        decision = {"once": once(), "comment": held, "action": "publish", "turn": first.get("turn", "")}
        done = await (await tool.post(f"{review}/decide", json=decision, headers=headers)).json()
        assert done["ok"]
        after = (await (await tool.get(f"{review}?after={done['id']}", headers=headers)).json())["review"]
        assert [view["by"] for view in after["decided"]] == ["moderator:tool"]
    assert (await author.shown(held))["text"] == SAID[0]

    tried = await asyncio.to_thread(try_policy, server, codes[0])
    assert tried.exit_code == 0, tried.stderr
    result = json.loads(tried.stdout)
    assert {change["would"] for change in result["changes"]} <= {"publish"}  # said within the second that it takes
    assert held not in [change["comment"] for change in result["changes"]]  # it was not listed then
    await author.leave()


async def said(server: Running, code: str, text: str) -> str:
    """What becomes of it where a newcomer says it: each says something else, so that nobody repeats."""
    viewer = await server.viewer(code)
    outcome = await viewer.outcome(await viewer.say(text))
    await viewer.leave()
    return str(outcome["status"])


def try_policy(server: Running, code: str) -> Result:
    data = str(server.data)
    return CliRunner().invoke(
        streamhub, ["moderation", "try", str(POLICY), "--broadcast", code, "--json", "--data", data]
    )
