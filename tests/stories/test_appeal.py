"""A comment is held, its author objects, a moderator agrees, and the organizer lets the decision be learnt from."""

from __future__ import annotations

import asyncio
import json

from click.testing import CliRunner, Result
from playwright.async_api import Browser, expect

from tests.running import Running
from web.cli import streamhub

HELD = "姐妹们加薇 abc一二三四五 领低碳礼品券"
WORDS = "谢谢提醒大家，已公开。"


async def test_an_appeal_from_the_held_comment_to_the_training_row(server: Running, chromium: Browser) -> None:
    code = await server.broadcast("APPEAL")
    author = await chromium.new_page(locale="zh-CN")
    await author.goto(f"{server.url}/b/{code}")
    await author.locator("#nick").fill("小安")
    await author.locator("#text").fill(HELD)
    await author.locator("button.send").click()
    own = author.locator("#own-comments")
    await expect(own).to_contain_text("暂未显示，等人工查看", timeout=20_000)
    await own.get_by_text("不是那个意思？告诉我们").click()
    await own.get_by_label("给审核员写一句话").fill("这是别人发的广告，我贴出来提醒大家")
    await own.get_by_role("button", name="提交申诉").click()
    await expect(own).to_contain_text("你已申诉，审核员会查看。", timeout=20_000)

    context = await chromium.new_context(locale="zh-CN")
    desk = await context.new_page()
    made = await server.api("POST", "/api/links", {"role": "moderator", "broadcast": code, "name": "博"})
    await desk.goto(made["url"])
    await desk.get_by_role("main").get_by_role("button").click()
    await expect(desk).to_have_url(f"{server.url}/host/{code}")
    await expect(desk.locator("#people")).to_be_visible(timeout=20_000)  # it listens to the keys now
    await expect(desk.locator("#card .objection")).to_contain_text("提醒大家", timeout=20_000)
    await expect(desk.locator("#items .badge").first).to_have_text("申诉")
    await desk.locator("#reason").fill(WORDS)
    await desk.locator("#reason").press("Escape")
    await desk.keyboard.press("p")
    await expect(desk.locator("#items li")).to_have_count(0, timeout=20_000)

    await expect(own).to_contain_text("你的申诉成立，审核员同意了你的意见。", timeout=20_000)
    await expect(own).to_contain_text(WORDS)
    await expect(author.locator("#comment-list")).to_contain_text(HELD)
    facts = [row["fact"] for row in await server.log(code)]
    (decided,) = [fact for fact in facts if fact["type"] == "comment_decided"]
    assert (decided["by"], decided["action"], decided["reason"]) == ("moderator:博", "publish", WORDS)

    refused = await asyncio.to_thread(rows, server, code)
    assert refused.exit_code == 1
    assert "has not allowed training" in refused.stderr
    await context.add_cookies(
        [{"name": "streamhub_role", "value": server.role("organizer", name="Lin"), "url": server.url}]
    )
    await desk.goto(f"{server.url}/host/{code}/rules")
    await desk.get_by_role("button", name="允许", exact=True).click()
    await expect(desk.locator("#consent")).to_contain_text("已允许")
    exported = await asyncio.to_thread(rows, server, code)
    assert [json.loads(line) for line in exported.stdout.splitlines()] == [{"text": HELD, "label": "ok", "lang": "zh"}]
    await context.close()
    await author.close()


def rows(server: Running, code: str) -> Result:
    return CliRunner().invoke(streamhub, ["moderation", "rows", "--broadcast", code, "--data", str(server.data)])
