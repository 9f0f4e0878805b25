"""A doubtful trip waits for the organizer, who decides on the campaign's page; only then does it count."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, expect

from tests.running import Running


async def test_a_doubtful_trip_counts_once_the_organizer_says_so(server: Running, chromium: Browser) -> None:
    campaign = await server.campaign("REVIEWWEEK")
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Shanghai")).date().isoformat()
    rows = f"person,team,date,mode,km\nLi,Blue,{today},bike,12\nWang,Blue,{today},bike,60\nZhao,Blue,{today},bike,61\n"
    imported = await server.api("POST", f"/api/campaigns/{campaign}/import", raw=rows)
    assert (imported["accepted"], imported["review"]) == (3, 2)
    for locale, words, km in (("zh-CN", "待核对的行程", "60.0 km"), ("en-GB", "Trips to review", "61.0 km")):
        context = await chromium.new_context(locale=locale, viewport={"width": 390, "height": 844})
        token = server.role("organizer", name="Mei")
        await context.add_cookies([{"name": "streamhub_role", "value": token, "url": server.url}])
        page = await context.new_page()
        await page.goto(f"{server.url}/organize/campaign/{campaign}")
        await expect(page.get_by_role("heading", name=words)).to_be_visible()
        trip = page.locator("[data-trip]").filter(has_text=km)
        await trip.get_by_role("button", name="计入" if locale == "zh-CN" else "Do not count it").first.click()
        await page.wait_for_url("**done=review*")
        await context.close()
    await expect_km(server, campaign, 72)


async def expect_km(server: Running, campaign: str, km: float) -> None:
    """12 km that needed no review, 60 that were accepted; 61 were not."""
    for _ in range(50):
        view = (await server.api("GET", f"/api/campaigns/{campaign}"))["campaign"]
        if view["rankings"]["km"][0]["values"]["km"] == km and not next(
            (f["value"] for f in view["figures"] if f["name"] == "review"), 0
        ):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(view)
