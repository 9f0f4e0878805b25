"""What a viewer reads when a comment is not taken, and what odd letters do to the page."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from streamhub.facts import ViewerRestricted
from tests.browser.conftest import Open, Site
from tests.browser.desk import say
from tests.browser.test_watch import say as type_in

SCREENS = Path(__file__).parent.parent / "output" / "screens"
INVISIBLE = "\u200b\u200b\u2060"


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_comment_that_shows_nothing_is_not_taken(site: Site, open_page: Open, scripts: bool) -> None:
    page = await open_page(java_script_enabled=scripts)
    if scripts:
        await expect(page.locator("#people")).to_contain_text("1 person")
    await page.get_by_label("Nickname").fill(INVISIBLE)
    await page.locator("#text").fill("Good evening")
    await page.locator("button.send").click()
    await expect(page.locator("#refused")).to_have_text("Choose a nickname first.")
    await page.get_by_label("Nickname").fill("Ana")
    await page.locator("#text").fill(INVISIBLE)
    await page.locator("button.send").click()
    await expect(page.locator("#refused")).to_have_text("Write something first.")


@pytest.mark.parametrize("scripts", [True, False])
async def test_who_is_slowed_down_reads_until_when_and_why(site: Site, open_page: Open, scripts: bool) -> None:
    page = await open_page(java_script_enabled=scripts, locale="zh-CN", timezone_id="UTC")
    await type_in(page, "第一句") if scripts else await _send(page, "第一句")
    await expect(page.locator("#own-comments")).to_contain_text("审核中")
    viewer = next([e.fact.viewer async for e in site.log.all() if getattr(e.fact, "text", "") == "第一句"].__iter__())
    until = int(time.time() * 1000) + 3_600_000
    slow = ViewerRestricted(viewer=viewer, effect="slow", until_ms=until, by="moderator:Bo", reason="别刷屏")
    await site.log.append(slow, once="slow")
    await type_in(page, "第二句") if scripts else await _send(page, "第二句")
    await expect(page.locator("#own-comments")).to_contain_text("第二句")
    await type_in(page, "第三句") if scripts else await _send(page, "第三句")
    refused = page.locator("#refused")
    await expect(refused).to_contain_text("你的发言已被限速，至 ")
    await expect(refused).to_contain_text("每 30 秒可发一条")
    await expect(refused).to_contain_text("别刷屏")


async def _send(page: Page, text: str) -> None:
    await page.get_by_label("昵称").fill("小安")
    await page.locator("#text").fill(text)
    await page.locator("button.send").click()


async def test_piled_up_marks_stay_within_their_own_comment(site: Site, open_page: Open) -> None:
    for number, text in enumerate(("before", "Z" + "\u0334\u0350\u035b\u0327" * 49, "after")):
        await site.publish(await say(site, text, viewer=f"v-{number}"))
    page = await open_page(width=390)
    comment = page.locator("#comment-list .comment").nth(1)
    await expect(comment).to_contain_text("Z")
    assert await comment.evaluate("e => getComputedStyle(e).overflowY") == "clip"
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_why_something_was_refused_stays_in_sight_on_a_phone(site: Site, open_page: Open) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page = await open_page(width=390, height=844, locale="zh-CN")
    for text in ("第一句广告", "第二句广告", "第三句广告"):
        await type_in(page, text)
        await expect(page.locator("#own-comments")).to_contain_text(text)
        await expect(page.locator(".own-comment", has_text=text)).to_contain_text("审核中")
        await site.hold(await site.latest(), "promotion")
        await expect(page.locator(".own-comment", has_text=text)).to_contain_text("读起来像是广告")
    said = [entry.fact async for entry in site.log.all() if getattr(entry.fact, "text", "") == "第三句广告"]
    until = int(time.time() * 1000) + 3_600_000
    slow = ViewerRestricted(viewer=said[0].viewer, effect="slow", until_ms=until, by="moderation")
    await site.log.append(slow, once="slow")
    await type_in(page, "第四句")
    await expect(page.locator("#own-comments")).to_contain_text("第四句")
    await type_in(page, "第五句")
    refused = page.locator("#refused")
    await expect(refused).to_contain_text("每 30 秒可发一条")
    box = await refused.bounding_box()
    assert box and box["y"] + box["height"] <= 844
    assert await page.locator("#writing").evaluate("e => e.scrollHeight <= e.clientHeight"), "only the outcomes scroll"
    await page.screenshot(path=SCREENS / "refused-zh-390.png")
