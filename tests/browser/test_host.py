"""The host's desk: by keys over the socket, and as plain forms without JavaScript."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from streamhub.facts import CommentDecided, DecisionUndone, QuestionMoved
from tests.browser.conftest import CODE, Open, Site
from tests.browser.desk import ask, hold, say, signed_in

DESK = f"/host/{CODE}"


async def facts(site: Site, kind: type) -> list[object]:
    return [entry.fact async for entry in site.log.all() if isinstance(entry.fact, kind)]


async def texts(page: Page) -> list[str]:
    return await page.locator("#items .item-text").all_text_contents()


async def test_questions_come_by_votes_and_one_key_moves_each(site: Site, open_page: Open, tmp_path: Path) -> None:
    few = await ask(site, "Why is the sea blue?", votes=1)
    many = await ask(site, "Will the reef recover?", votes=3)
    page = await open_page(DESK, **signed_in(tmp_path))
    await expect(page.locator("#people")).to_be_visible()
    assert await texts(page) == ["Will the reef recover?", "Why is the sea blue?"]
    await page.keyboard.press("a")
    await expect(page.locator("#items li").first).to_contain_text("Answering now")
    await page.keyboard.press("e")
    await page.keyboard.type("Yes, within fifteen years.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#items li")).to_have_count(1)
    await expect(page.locator("#card .detail-text")).to_have_text("Why is the sea blue?")
    await page.locator("body").click(position={"x": 5, "y": 400})
    await page.keyboard.press("l")
    await expect(page.locator('[data-count="later"]')).to_have_text("1")
    assert await facts(site, QuestionMoved) == [
        QuestionMoved(question=many, to="answering", by="host:Mei"),
        QuestionMoved(question=many, to="answered", by="host:Mei", answer="Yes, within fifteen years."),
        QuestionMoved(question=few, to="later", by="host:Mei"),
    ]


async def test_undo_is_offered_in_the_corner_and_kept_in_the_list(site: Site, open_page: Open, tmp_path: Path) -> None:
    await ask(site, "Will the reef recover?")
    page = await open_page(DESK, **signed_in(tmp_path))
    await expect(page.locator("#people")).to_be_visible()
    await page.keyboard.press("x")
    await expect(page.locator("#toast")).to_contain_text("Dismissed")
    await page.keyboard.press("u")
    await expect(page.locator("#items li")).to_have_count(1)
    await page.keyboard.press("x")
    await expect(page.locator("#items li")).to_have_count(0)
    await page.keyboard.press("6")
    await page.locator("#card").get_by_role("button", name="Take the latest decision back").click()
    await expect(page.locator('[data-count="questions"]')).to_have_text("1")
    assert len(await facts(site, DecisionUndone)) == 2


async def test_new_questions_gather_above_and_move_nothing(site: Site, open_page: Open, tmp_path: Path) -> None:
    await ask(site, "First?", votes=1)
    page = await open_page(DESK, **signed_in(tmp_path))
    await expect(page.locator("#people")).to_be_visible()
    before = await page.locator("#items li").first.bounding_box()
    await ask(site, "Second, and wanted more?", votes=2)
    await expect(page.locator("#fresh span")).to_have_text("1 new")
    assert await texts(page) == ["First?"]
    assert (await page.locator("#items li").first.bounding_box()) == before
    await page.locator("#fresh").click()
    assert await texts(page) == ["Second, and wanted more?", "First?"]
    await expect(page.locator("#fresh")).to_be_hidden()


async def test_what_another_host_decided_stays_in_place_and_says_so(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    asked = await ask(site, "First?", votes=1)
    page = await open_page(DESK, **signed_in(tmp_path))
    await expect(page.locator("#people")).to_be_visible()
    await site.log.append(QuestionMoved(question=asked, to="answered", by="host:Kim", answer="Yes."), once="m")
    await expect(page.locator("#items li.gone")).to_contain_text("Answered")
    await expect(page.locator("#card .reply")).to_have_text("Yes.")


async def test_a_held_comment_is_explained_and_published_with_a_card(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    await site.publish(await say(site, "Lovely pictures", viewer="v-bo", nick="Bo"))
    held = await hold(site, "Cheap fins, add me: reef88")
    page = await open_page(f"{DESK}?show=held", **signed_in(tmp_path))
    await expect(page.locator("#people")).to_be_visible()
    card = page.locator("#card")
    await expect(card).to_contain_text("Asks people to a private chat, a number or a link")
    await expect(card).to_contain_text("Sells, recruits or advertises")
    await expect(card.locator(".said")).to_contain_text("Lovely pictures")
    await page.keyboard.press("s")
    await expect(page.locator("#said")).to_contain_text("choose the source card to attach")
    await card.locator("#claim").select_option(index=1)
    claim = await card.locator("#claim").input_value()
    await expect(card.locator(".annotate .card")).to_be_visible()
    await page.locator("h1").click()
    await page.keyboard.press("s")
    await expect(page.locator("#items li")).to_have_count(0)
    (decided,) = await facts(site, CommentDecided)
    assert isinstance(decided, CommentDecided)
    assert (decided.comment, decided.action, decided.by) == (held, "annotate", "host:Mei")
    assert decided.note is not None
    assert decided.note.claim == claim


async def test_single_keys_can_be_switched_off(site: Site, open_page: Open, tmp_path: Path) -> None:
    await ask(site, "First?")
    page = await open_page(DESK, **signed_in(tmp_path))
    await expect(page.locator("#people")).to_be_visible()
    await page.get_by_role("button", name="Keys").click()
    await page.keyboard.press("x")
    await page.reload()
    await expect(page.get_by_role("button", name="Keys")).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("x")
    await page.get_by_role("button", name="Later").click()
    await expect(page.locator('[data-count="later"]')).to_have_text("1")
    assert len(await facts(site, QuestionMoved)) == 1


async def test_the_whole_desk_works_without_javascript(site: Site, open_page: Open, tmp_path: Path) -> None:
    asked = await ask(site, "Will the reef recover?", votes=2)
    held = await hold(site, "Cheap fins, add me: reef88")
    page = await open_page(DESK, java_script_enabled=False, **signed_in(tmp_path))
    await page.locator("textarea").fill("Yes.")
    await page.locator('button[value="answered"]').click()
    await expect(page.locator(".desk-notice")).to_contain_text("Answered")
    await page.locator(".desk-notice button").click()
    await page.locator(".lanes a", has_text="To review").click()
    await page.locator('#card button[value="reject"]').click()
    await expect(page.locator(".items li")).to_have_count(0)
    assert await facts(site, QuestionMoved) == [
        QuestionMoved(question=asked, to="answered", by="host:Mei", answer="Yes.")
    ]
    assert [fact.comment for fact in await facts(site, CommentDecided) if isinstance(fact, CommentDecided)] == [held]
    assert len(await facts(site, DecisionUndone)) == 1


async def test_on_a_phone_the_detail_opens_over_the_list(site: Site, open_page: Open, tmp_path: Path) -> None:
    await ask(site, "珊瑚还能恢复吗？")
    page = await open_page(DESK, width=390, locale="zh-CN", **signed_in(tmp_path))
    await expect(page.locator("#people")).to_be_visible()
    await expect(page.locator("#detail")).to_be_hidden()
    await page.locator(".item").click()
    await expect(page.locator("#list")).to_be_hidden()
    await page.get_by_role("button", name="稍后").click()
    await expect(page.locator("#list")).to_be_visible()
    await expect(page.locator("#toast")).to_contain_text("珊瑚还能恢复吗？")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
