"""Every page in both languages at phone and desktop width, as pictures in tests/output/screens/ to look at.

What a program can see is checked on the way: nothing scrolls sideways, nothing complains in the console, the
language is the reader's, every control has a name."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser

from tests.running import Running

SCREENS = Path(__file__).parent.parent / "output" / "screens"
CODE = "SCREENS"

SAID = [
    ("小安", "小丑鱼躲进海葵里了,太可爱了", "comment"),
    ("Marisol", "Good evening from Valencia, the picture is wonderful", "comment"),
    ("老周", "冬天这么冷,说明全球根本没有变暖", "comment"),
    ("Ben", "How long does a reef need to recover after bleaching?", "question"),
    ("琳琳", "我们在家能为珊瑚做点什么?", "question"),
    ("小林", "加油", "comment"),
    ("Ana", "加油！！", "comment"),
    ("老王", "加油加油", "comment"),
    ("促销员", "姐妹们加薇 abc一二三四五 领低碳礼品券", "comment"),
    ("Dr. Mei", "Bleached coral is not dead yet: it can take its algae back when the water cools", "comment"),
]


class Stop(NamedTuple):
    name: str
    path: str
    role: str = ""


PAGES = [
    Stop("home", "/"),
    Stop("watch", f"/b/{CODE}"),
    Stop("questions", f"/b/{CODE}#questions"),
    Stop("campaign", f"/b/{CODE}#campaign"),
    Stop("host", f"/host/{CODE}", "host"),
    Stop("host-held", f"/host/{CODE}?show=held", "moderator"),
    Stop("rules", f"/host/{CODE}/rules", "host"),
    Stop("comment", f"/b/{CODE}/comments/REPORTED"),
    Stop("organize", "/organize", "organizer"),
    Stop("organize-one", f"/organize/{CODE}", "organizer"),
    Stop("organize-campaign", "/organize/campaign/SCREENWEEK", "organizer"),
    Stop("report", f"/report/{CODE}", "organizer"),
    Stop("sign-in-used", "/sign-in/used-already"),
    Stop("not-found", "/b/NOWHERE"),
]


@pytest.fixture(scope="module")
def evening(server: Running) -> Running:
    asyncio.run(_prepare(server))
    return server


async def _prepare(server: Running) -> None:
    """A broadcast with something of everything."""
    campaign = await server.campaign("SCREENWEEK", title="绿色出行周 · Green travel week")
    stage = {"kind": "demo"}
    await server.broadcast(CODE, "珊瑚礁之夜 · An evening at the reef", stage=stage, campaigns=[campaign])
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Shanghai")).date().isoformat()
    rows = ["person,team,date,mode,km"]
    for n, team in enumerate(["海淀实验小学", "Harbour cyclists", "城市规划局", "Reef volunteers"]):
        rows += [f"p{n}{who},{team},{today},{mode},{n * 2 + 3}" for who, mode in enumerate(("bike", "metro", "bus"))]
    await server.api("POST", f"/api/campaigns/{campaign}/import", raw="\n".join(rows))
    for word, effect in (("oceans.example.org/give", "allow"), ("蓝湾大坝", "hold")):
        listing = {"once": f"listing-{effect}", "word": word, "effect": effect}
        await server.api("POST", f"/api/campaigns/{campaign}/words/list", listing)
    asked = []
    for nick, text, kind in SAID:
        viewer = await server.viewer(CODE)
        comment = await viewer.say(text, nick=nick, kind=kind)
        outcome = await viewer.outcome(comment)
        if outcome["status"] == "held":
            await viewer.do("appeal", comment=comment, text="我只是转述，请帮忙看看")
        asked += [comment] if kind == "question" else []
        await viewer.leave()
    host = await server.viewer(CODE, role=server.role("host", CODE, "Mei"))
    voter = await server.viewer(CODE)
    await voter.do("vote", question=asked[1])
    await host.do("move", question=asked[0], to="answered", answer="Ten to fifteen years, if no other heat wave comes.")
    await voter.do("report", comment=await _said(server, "Valencia"), why="other")
    await host.do("choose_policy", preset="careful")
    await host.do("list_word", word="reef.org", effect="allow")
    await host.do(
        "add_claim", claim_zh="珊瑚是染色的", fact_zh="颜色来自共生藻。", source="AIMS, 2024", url="https://aims.gov.au"
    )
    await host.do("restrict", comment=await _said(server, "加薇"), effect="mute", minutes=60, reason="广告")
    await host.leave()
    await voter.leave()


async def _said(server: Running, part: str) -> str:
    """Id of the comment with this in its text."""
    return next(str(row["id"]) for row in await server.log(CODE) if part in row["fact"].get("text", ""))


VIEWS = [(locale, width) for locale in ("zh-CN", "en-GB") for width in (390, 1280)]

UNNAMED = """[...document.querySelectorAll('button, a[href], input:not([type=hidden]), select, textarea')]
  .filter(e => e.checkVisibility() && !(e.textContent.trim() || e.ariaLabel || e.title || e.labels?.length
    || e.getAttribute('aria-labelledby') || e.querySelector('[aria-label]')))
  .map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("stop", PAGES, ids=[stop.name for stop in PAGES])
async def test_page(evening: Running, chromium: Browser, stop: Stop) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    for locale, width in VIEWS:
        await _look(evening, chromium, stop, locale, width)


async def _look(evening: Running, chromium: Browser, stop: Stop, locale: str, width: int) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 844}, locale=locale)
    if stop.role:
        token = evening.role(stop.role, "" if stop.role == "organizer" else CODE, "Mei")
        await context.add_cookies([{"name": "streamhub_role", "value": token, "url": evening.url}])
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    path = stop.path.replace("REPORTED", await _said(evening, "Valencia")) if "REPORTED" in stop.path else stop.path
    await page.goto(evening.url + path)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(400)
    await page.screenshot(path=SCREENS / f"{stop.name}-{locale[:2]}-{width}.png", full_page=True)
    view = f"{stop.name} in {locale} at {width} px"
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{view} scrolls sideways"
    assert await page.get_attribute("html", "lang") == {"zh-CN": "zh-CN", "en-GB": "en"}[locale]
    assert await page.evaluate(UNNAMED) == [], view
    assert [text for text in complaints if "404" not in text] == [], view
    await context.close()
