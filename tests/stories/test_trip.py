"""A trip logged on the page changes the ranking for everybody, with its range and basis."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, expect

from tests.running import Running


async def test_a_trip_changes_the_ranking(server: Running, chromium: Browser) -> None:
    campaign = await server.campaign("WEEK-TRIP")
    code = await server.broadcast("TRIP", campaigns=[campaign])
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Shanghai")).date().isoformat()
    rows = f"person,team,date,mode,km\nLi,Blue school,{today},bike,12\nWang,Green school,{today},metro,8\n"
    imported = await server.api("POST", f"/api/campaigns/{campaign}/import", raw=rows)
    assert (imported["accepted"], imported["errors"]) == (2, [])
    page = await chromium.new_page(locale="en-GB")
    await page.goto(f"{server.url}/b/{code}#campaign")
    ann = await server.viewer(code)
    view = await ann.until("campaign", lambda data: True) if not ann.joined["campaigns"] else ann.joined["campaigns"][0]
    assert [row["member"] for row in view["rankings"]["km"]] == ["Blue school", "Green school"]
    act = {"type": "log_trip", "date": today, "mode": "metro", "km": 9, "team": "Green school"}
    logged = await ann.do("campaign", campaign=campaign, act=act)
    assert logged["ok"], logged
    moved = await ann.until("campaign", lambda data: data["rankings"]["km"][0]["member"] == "Green school")
    assert moved["rankings"]["km"][0]["values"]["km"] == 17
    figures = {figure["name"]: figure for figure in moved["figures"]}
    assert any(figure.get("high", 0) > figure.get("low", 0) > 0 for figure in figures.values())
    assert moved["basis"]["year"] == 2025 and moved["basis"]["boundary"]
    await expect(page.locator(".ranking").first).to_contain_text("Green school", timeout=10_000)
    await page.close()
    await ann.leave()


async def test_the_same_file_imported_twice_adds_nothing_and_bad_lines_are_named(server: Running) -> None:
    campaign = await server.campaign("WEEK-CSV")
    today = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Shanghai")).date().isoformat()
    rows = f"person,team,date,mode,km\nLi,Blue,{today},bike,12\nLi,Blue,{today},rocket,3\nWu,Blue,{today},bus,many\n"
    first = await server.api("POST", f"/api/campaigns/{campaign}/import", raw=rows)
    assert first["accepted"] == 1
    assert [(error["line"], error["field"]) for error in first["errors"]] == [(3, "mode"), (4, "km")]
    again = await server.api("POST", f"/api/campaigns/{campaign}/import", raw=rows)
    assert (again["accepted"], again["repeated"]) == (0, 1)
