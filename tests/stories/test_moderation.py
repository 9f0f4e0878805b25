"""What becomes of a myth, an honest question about it, a disguised advertisement; nothing is lost on the way."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from playwright.async_api import Browser, expect

from tests.running import Running


@pytest.mark.parametrize(
    ("code", "locale", "text", "source"),
    [
        ("MYTH-ZH", "zh-CN", "冬天这么冷,说明全球根本没有变暖", "来源"),
        ("MYTH-EN", "en-GB", "Such a cold winter proves there is no global warming", "Source"),
    ],
)
async def test_a_myth_is_shown_with_its_source_card_in_the_readers_language(
    server: Running, chromium: Browser, code: str, locale: str, text: str, source: str
) -> None:
    await server.broadcast(code)
    page = await chromium.new_page(locale=locale)
    await page.goto(f"{server.url}/b/{code}")
    ann = await server.viewer(code)
    said = await ann.say(text)
    shown = await ann.shown(said)
    note = shown["note"]
    assert note["claim"] == "m003" and note["url"].startswith("https://")
    outcome = await ann.outcome(said)
    assert (outcome["status"], outcome["action"]) == ("shown", "annotate")
    assert outcome["reasons"][0]["code"] == "claim"
    card = page.get_by_role("log").locator(".source-card").first
    await expect(card).to_contain_text(note["fact_zh" if locale == "zh-CN" else "fact_en"], timeout=15_000)
    await expect(card.get_by_role("link")).to_have_attribute("href", note["url"])
    await page.close()
    await ann.leave()


@pytest.mark.parametrize("text", ["姐妹们加薇 abc一二三四五 领低碳礼品券", "想赚外快的宝子 扣扣 ①②③④⑤⑥⑦ 私聊"])
async def test_a_disguised_advertisement_is_held_and_the_author_told_why(
    server: Running, chromium: Browser, text: str
) -> None:
    code = await server.broadcast("ADVERT-" + text[:2].encode().hex().upper())
    bo = await server.viewer(code)
    page = await chromium.new_page(locale="zh-CN")
    await page.goto(f"{server.url}/b/{code}")
    form = page.locator("form.composer")
    await form.locator("[name=nick]").fill("阿强")
    await form.locator("[name=text]").fill(text)
    await form.locator("button.send").click()
    told = page.locator(".own-comment.held")
    await expect(told).to_be_visible(timeout=20_000)
    await expect(told.locator(".why")).not_to_be_empty()
    held = next(row["fact"] for row in await server.log(code) if row["fact"]["type"] == "comment_judged")
    assert held["action"] == "hold"
    assert held["reasons"][0]["code"] in ("contact", "promotion")
    assert held["policy"] and "model" in held
    assert not [1 for name, data in bo.frames if name == "batch" and data.get("comments")]
    await page.close()
    await bo.leave()


@pytest.mark.parametrize(
    "text", ["请问冬天这么冷,是不是说明没有全球变暖?", "Is it true that a cold winter disproves global warming?"]
)
async def test_an_honest_question_about_a_myth_is_published(server: Running, text: str) -> None:
    code = await server.broadcast("HONEST-" + text[:2].encode().hex().upper())
    ann = await server.viewer(code)
    said = await ann.say(text, kind="question")
    outcome = await ann.outcome(said)
    assert outcome["status"] == "shown"
    assert (await ann.shown(said))["kind"] == "question"
    await ann.leave()


async def test_a_moderation_worker_killed_midway_loses_nothing(server: Running) -> None:
    """SIGKILL while comments stream in: every one gets exactly one verdict, from the restarted worker if need be."""
    code = await server.broadcast("KILLED-MID")
    viewers = await asyncio.gather(*(server.viewer(code) for _ in range(6)))
    worker = server.processes["moderation-1"]

    async def speak(n: int) -> list[str]:
        return await asyncio.gather(
            *(
                viewer.say(f"看到第{who}{n}条小丑鱼了,真好看 fish {who} {n}", nick=f"v{who}")
                for who, viewer in enumerate(viewers)
            )
        )

    said = await speak(0)
    speaking = asyncio.create_task(speak(1))
    os.kill(worker, signal.SIGKILL)
    said += [*await speaking, *await speak(2), *await speak(3)]  # the last ones come to a worker that is gone
    async with asyncio.timeout(60):
        while True:
            judged = [
                row["fact"]["comment"] for row in await server.log(code) if row["fact"]["type"] == "comment_judged"
            ]
            if set(judged) >= set(said) and server.processes["moderation-1"] != worker:
                break
            await asyncio.sleep(0.3)
    assert sorted(judged) == sorted(said)
    await asyncio.gather(*(viewer.leave() for viewer in viewers))
