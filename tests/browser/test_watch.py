"""The viewer's page with its island: talking, being told, catching up, settings."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import NOTE, Open, Site


async def test_a_comment_is_checked_shown_in_the_list_and_crosses_the_picture(site: Site, open_page: Open) -> None:
    page = await open_page()
    await page.get_by_label("Nickname").fill("海星")
    await page.get_by_label("Say something").fill("好美的珊瑚")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#own-comments")).to_contain_text("Checking…")
    await site.publish(await site.latest(), NOTE)
    line = page.locator("#comment-list .comment")
    await expect(line).to_contain_text("好美的珊瑚")
    await expect(line.locator(".source-card")).to_contain_text("can recover when the water cools")
    await expect(page.locator("#danmaku .own")).to_contain_text("好美的珊瑚")
    await page.locator("#danmaku .card-mark").dispatch_event("click")
    await expect(page.locator("#picture-card")).to_contain_text("NOAA")
    await expect(page.locator("#own-comments")).to_be_hidden(timeout=8000)


async def test_a_held_comment_says_why(site: Site, open_page: Open) -> None:
    page = await open_page()
    await page.get_by_label("Nickname").fill("Ana")
    await page.get_by_label("Say something").fill("add me: 12345")
    await page.keyboard.press("Enter")
    await expect(page.locator("#own-comments")).to_contain_text("Checking…")
    await site.hold(await site.latest(), "contact")
    await expect(page.locator("#own-comments")).to_contain_text("Held for a person to look at")
    await expect(page.locator("#own-comments")).to_contain_text("invitation to a private chat")


async def test_what_is_written_offline_is_sent_once_on_return(site: Site, open_page: Open) -> None:
    page = await open_page()
    await expect(page.locator("#people")).to_contain_text("1 person")
    await page.get_by_label("Nickname").fill("Ana")
    await page.context.set_offline(True)
    await page.get_by_label("Say something").fill("hello from the tunnel")
    await page.keyboard.press("Enter")
    await page.context.set_offline(False)
    await expect(page.locator("#own-comments")).to_contain_text("Checking…", timeout=20000)
    said = [entry.fact async for entry in site.log.all() if type(entry.fact).__name__ == "CommentSubmitted"]
    assert [fact.text for fact in said] == ["hello from the tunnel"]
