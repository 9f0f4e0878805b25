"""The pages without JavaScript: complete, readable, and what is sent arrives."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession, CookieJar
from playwright.async_api import expect

from streamhub.facts import CommentSubmitted, QuestionVoted
from tests.browser.conftest import NOTE, Open, Site


async def test_the_page_is_readable_and_a_comment_is_sent_and_seen(site: Site, open_page: Open) -> None:
    done = await site.log.append(CommentSubmitted(viewer="v", nick="Maya", text="Watching from Lisbon"), once="1")
    await site.publish(done.id, NOTE)
    page = await open_page(java_script_enabled=False)
    await expect(page.locator("#comments")).to_contain_text("Watching from Lisbon")
    await expect(page.locator("#comments")).to_contain_text("NOAA")
    await page.get_by_label("Nickname").fill("Ana")
    await page.get_by_label("Say something").fill("Hello without scripts")
    moderated = asyncio.create_task(_publish_next(site, after=done.id))
    await page.get_by_role("button", name="Send").click()
    await moderated
    await expect(page.locator("#own-comments")).to_contain_text("Shown")
    await expect(page.locator("#comments")).to_contain_text("Hello without scripts")
    await expect(page.get_by_label("Nickname")).to_have_value("Ana")


async def test_a_held_comment_tells_its_author_on_the_page(site: Site, open_page: Open) -> None:
    page = await open_page(java_script_enabled=False)
    await page.get_by_label("Nickname").fill("Ana")
    await page.get_by_label("Say something").fill("cheap tickets!")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#own-comments")).to_contain_text("Checking…")
    await site.hold(await site.latest(), "promotion")
    await page.reload()
    await expect(page.locator("#own-comments")).to_contain_text("It reads like an advertisement.")


async def test_a_question_is_asked_and_voted_for(site: Site, open_page: Open) -> None:
    done = await site.log.append(CommentSubmitted(viewer="v", nick="Ines", text="Why blue?", kind="question"), once="1")
    await site.publish(done.id)
    page = await open_page(java_script_enabled=False)
    await page.get_by_role("button", name="I want to know this too").click()
    await expect(page.locator(".vote button")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator(".votes")).to_have_text("1")
    await page.get_by_role("button", name="I want to know this too").click()
    await expect(page.locator(".votes")).to_have_text("0")
    votes = [entry.fact.up async for entry in site.log.all() if isinstance(entry.fact, QuestionVoted)]
    assert votes == [True, False]


async def test_the_start_page_leads_to_a_broadcast_and_says_when_there_is_none(site: Site, open_page: Open) -> None:
    page = await open_page("/", java_script_enabled=False, locale="zh-CN")
    await page.get_by_label("直播代码").fill("nothing")
    await page.get_by_role("button", name="观看").click()
    await expect(page.get_by_role("alert")).to_contain_text("没有找到这个代码的直播")
    await page.get_by_label("直播代码").fill("reef-test")
    await page.get_by_role("button", name="观看").click()
    await expect(page).to_have_url(site.page)
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="Comments")).to_be_visible()
    await expect(page).to_have_url(site.page)


async def test_a_refused_form_comes_back_with_the_text_and_the_reason(site: Site) -> None:
    async with ClientSession(headers={"Accept-Language": "en"}, cookie_jar=CookieJar(unsafe=True)) as client:
        await client.get(site.page)

        async def send(number: int) -> tuple[int, str]:
            form = {"once": f"attempt-{number}", "nick": "Ana", "text": f"my words {number}", "kind": "comment"}
            async with client.post(f"{site.page}/comments", data=form) as answer:
                return answer.status, await answer.text()

        answers = await asyncio.gather(*(send(number) for number in range(6)))
    statuses = [status for status, _ in answers]
    assert sorted(statuses) == [200] * 5 + [429]
    refused = answers[statuses.index(429)][1]
    assert f"my words {statuses.index(429)}</textarea>" in refused
    assert "A little slower, please. The next one can go in 2 s." in refused


async def _publish_next(site: Site, after: str) -> None:
    while (latest := await site.latest()) == after:
        await asyncio.sleep(0.02)
    await site.publish(latest)
