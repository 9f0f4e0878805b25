"""The viewer's page with its island: talking, being told, voting, catching up, settings, keyboard, sizes."""

from __future__ import annotations

from playwright.async_api import Page, expect

from streamhub.facts import CommentSubmitted, QuestionMoved, QuestionVoted
from tests.browser.conftest import NOTE, Open, Site


async def say(page: Page, text: str, nick: str = "海星") -> None:
    if await page.locator("#nick").is_visible():
        await page.locator("#nick").fill(nick)
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


async def said(site: Site) -> list[CommentSubmitted]:
    return [entry.fact async for entry in site.log.all() if isinstance(entry.fact, CommentSubmitted)]


async def test_a_comment_is_checked_then_listed_and_crosses_the_picture(site: Site, open_page: Open) -> None:
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
    await expect(page.locator("#own-comments .own-comment")).to_have_count(0, timeout=8000)


async def test_a_held_comment_says_why_in_the_readers_language(site: Site, open_page: Open) -> None:
    page = await open_page(locale="zh-CN")
    await say(page, "加我微信 12345")
    await expect(page.locator("#own-comments")).to_contain_text("审核中…")
    await site.hold(await site.latest(), "contact")
    await expect(page.locator("#own-comments")).to_contain_text("暂未显示，等人工查看")
    await expect(page.locator("#own-comments")).to_contain_text("像是邀请私聊")


async def test_too_fast_says_how_long_to_wait_and_keeps_the_text(site: Site, open_page: Open) -> None:
    page = await open_page()
    for number in range(6):
        await say(page, f"wave {number}")
    await expect(page.locator("#refused")).to_contain_text("can go in")
    await expect(page.locator("#text")).to_have_value("wave 5")


async def test_what_was_written_offline_is_sent_once_on_return(site: Site, open_page: Open) -> None:
    page = await open_page()
    await expect(page.locator("#people")).to_contain_text("1 person")
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    await say(page, "hello from the tunnel")
    await expect(page.locator("#own-comments")).to_contain_text("hello from the tunnel")
    await page.context.set_offline(False)
    await expect(page.locator("#own-comments")).to_contain_text("Checking…", timeout=25_000)
    assert [fact.text for fact in await said(site)] == ["hello from the tunnel"]


async def test_the_list_waits_while_one_reads_older_comments(site: Site, open_page: Open) -> None:
    page = await open_page(height=600)
    for number in range(20):
        done = await site.log.append(
            CommentSubmitted(viewer=f"v{number}", nick="a", text=f"line {number}"), once=f"{number}"
        )
        await site.publish(done.id)
    await expect(page.locator("#comment-list .comment")).to_have_count(20)
    await page.locator("#comment-scroller").evaluate("list => { list.scrollTop = 0 }")
    done = await site.log.append(CommentSubmitted(viewer="w", nick="a", text="the newest"), once="w")
    await site.publish(done.id)
    button = page.get_by_role("button", name="1 new comment")
    await button.click()
    await expect(page.get_by_text("the newest").first).to_be_in_viewport()
    await expect(button).to_be_hidden()


async def test_a_question_is_voted_for_and_its_asker_is_told(site: Site, open_page: Open) -> None:
    asker, other = await open_page(), await open_page()
    await asker.get_by_role("tab", name="Questions").click()
    await say(asker, "Do reefs sleep?")
    await expect(asker.locator("#own-comments")).to_contain_text("Checking…")
    question = await site.latest()
    await site.publish(question)
    await other.get_by_role("tab", name="Questions").click()
    vote = other.get_by_role("button", name="I want to know this too")
    await vote.click()
    await expect(vote).to_have_attribute("aria-pressed", "true")
    await expect(asker.locator(".votes")).to_have_text("1")
    await expect(asker.locator(".vote button")).to_be_disabled()
    await site.log.append(QuestionMoved(question=question, to="answered", by="host", answer="Yes, in a way."), once="m")
    await expect(asker.locator("#asker-notices")).to_contain_text("Your question has been answered.")
    await expect(other.locator("#question-list")).to_contain_text("Yes, in a way.")
    votes = [entry async for entry in site.log.all() if isinstance(entry.fact, QuestionVoted)]
    assert len(votes) == 1


async def test_comments_over_the_picture_never_cover_each_other(site: Site, open_page: Open) -> None:
    page = await open_page()
    await expect(page.locator("#people")).to_contain_text("1 person")
    for number in range(24):
        text = f"number {number} " + "~ long " * (number % 5)
        done = await site.log.append(CommentSubmitted(viewer=f"v{number}", nick="a", text=text), once=f"{number}")
        await site.publish(done.id)
    await expect(page.locator("#comment-list")).to_contain_text("number 23")
    await page.wait_for_timeout(2500)
    boxes = await page.locator("#danmaku .flying").evaluate_all(
        "all => all.map(one => { const { left, right, top, bottom } = one.getBoundingClientRect();"
        " return [left, right, top, bottom] })"
    )
    picture = await page.locator("#picture").bounding_box()
    assert len(boxes) >= 8
    assert picture
    assert max(box[3] for box in boxes) <= picture["y"] + picture["height"] * 0.8 + 1
    for place, (left, right, top, bottom) in enumerate(boxes):
        for l2, r2, t2, b2 in boxes[place + 1 :]:
            assert right <= l2 or r2 <= left or bottom <= t2 or b2 <= top


async def test_settings_of_the_danmaku_are_remembered(open_page: Open) -> None:
    page = await open_page()
    await page.locator("#settings summary").click()
    await page.get_by_label("Area").select_option("0.25")
    await page.get_by_label("Size").fill("28")
    await page.keyboard.press("Escape")
    await page.locator("#danmaku-toggle").click()
    await page.reload()
    await expect(page.locator("#danmaku-toggle")).to_have_attribute("aria-pressed", "false")
    await expect(page.locator("#d-area")).to_have_value("0.25")
    await expect(page.locator("#d-size")).to_have_value("28")


async def test_less_motion_means_no_danmaku_and_a_still_reef(site: Site, open_page: Open) -> None:
    page = await open_page(reduced_motion="reduce")
    await expect(page.locator("#people")).to_contain_text("1 person")
    await expect(page.locator("#danmaku-toggle")).to_have_attribute("aria-pressed", "false")
    done = await site.log.append(CommentSubmitted(viewer="v", nick="a", text="calm"), once="c")
    await site.publish(done.id)
    await expect(page.locator("#comment-list")).to_contain_text("calm")
    assert await page.locator("#danmaku > *").count() == 0
    assert await page.evaluate("document.getAnimations().filter(a => a.playState === 'running').length") == 0


async def test_everything_is_reached_and_done_by_keyboard(site: Site, open_page: Open) -> None:
    page = await open_page()
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    seen: list[str] = []
    for _ in range(14):
        await page.keyboard.press("Tab")
        seen.append(await page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"danmaku-toggle", "SUMMARY", "tab-comments", "nick", "text", "comment-scroller"} <= set(seen)
    await page.locator("#tab-comments").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Questions")).to_be_focused()
    await expect(page.get_by_role("tabpanel", name="Questions")).to_be_visible()


async def test_no_sideways_scrolling_on_a_phone_in_both_languages_and_large_type(site: Site, open_page: Open) -> None:
    for locale in ("en-GB", "zh-CN"):
        page = await open_page(width=390, locale=locale, color_scheme="dark")
        for path in (site.page, site.address, f"{site.address}/type?to=large&next=/b/REEF-TEST"):
            await page.goto(path)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390, (locale, path, wide)
        await expect(page.locator("#text")).to_be_in_viewport()
        dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert dark == "rgb(10, 24, 29)"
