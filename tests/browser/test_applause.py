"""What many call out together stands once, with a count, on the picture and in the list, and loses nobody."""

from __future__ import annotations

from playwright.async_api import Page, expect

from moderation.applause import applause
from moderation.normalise import read
from streamhub.facts import CommentDecided, CommentSubmitted
from tests.browser.conftest import NOTE, Open, Site

LINES = "#comment-list > .comment"


async def call(site: Site, *texts: str, simulated: bool = False) -> list[str]:
    """Each said by somebody else and judged as the worker does; the ids."""
    ids = []
    for text in texts:
        number = await site.store.incr("voices")
        fact = CommentSubmitted(viewer=f"v{number}", nick=f"N{number}", text=text, simulated=simulated)
        ids.append((await site.log.append(fact, once=f"c{number}")).id)
        await site.publish(ids[-1], applause=applause(read(text)))
    return ids


async def reject(site: Site, comment: str) -> None:
    await site.log.append(CommentDecided(comment=comment, action="reject", by="host"), once=f"no:{comment}")


async def seen(page: Page) -> list[str]:
    """Each line as text and count."""
    return await page.locator(LINES).evaluate_all(
        "lines => lines.map(line => line.querySelector('.text').textContent"
        " + (line.querySelector('.chorus:not([hidden]) .times')?.textContent ?? ''))"
    )


async def joined(page: Page) -> Page:
    await expect(page.locator("#people")).to_contain_text("1 ")
    return page


async def test_alike_applause_becomes_one_line_that_counts_and_opens(site: Site, open_page: Open) -> None:
    page = await joined(await open_page())
    await call(site, "加油", "加油！", "珊瑚真美丽", "加油加油", "珊瑚真美丽", "66666", "666")
    await expect(page.locator(LINES)).to_have_count(3)
    await expect(page.locator("#comment-list .times >> visible=true")).to_have_text(["×3", "×2", "×2"])
    assert await seen(page) == ["加油×3", "珊瑚真美丽×2", "66666×2"]
    await page.locator(".chorus summary").first.press("Enter")
    voices = page.locator(LINES).first.locator(".voice")
    await expect(voices).to_have_text(["N2 加油！", "N4 加油加油"], use_inner_text=True)
    await call(site, "加油~")
    await expect(voices).to_have_count(3)
    await expect(page.locator(LINES).first.locator("summary")).to_contain_text("said 4 times")
    await voices.nth(1).get_by_role("link", name="Report or hide").click()
    await expect(page.locator("#about")).to_contain_text("加油加油")


async def test_the_page_without_scripts_says_the_same_as_the_live_list(site: Site, open_page: Open) -> None:
    page = await joined(await open_page())
    said = await call(
        site,
        "加油",
        "hello",
        "加油!!",
        "Hello~",
        "what a night",
        "哈哈哈",
        "hhhh",
        "加油",
        "lovely reef",
        "lovely reef",
    )
    await call(site, "加油", "hello", simulated=True)
    await site.publish((await site.log.append(CommentSubmitted(viewer="x", nick="x", text="hello"), once="x")).id, NOTE)
    asked = CommentSubmitted(viewer="y", nick="y", text="hello", kind="question")
    await site.publish((await site.log.append(asked, once="y")).id)
    await reject(site, said[0])
    expected = ["hello×2", "加油!!×2", "what a night", "哈哈哈×2", "lovely reef×2", "加油", "hello", "hello", "hello"]
    await expect(page.locator(LINES)).to_have_count(len(expected))
    live = await seen(page)
    await page.reload()
    await joined(page)
    reloaded = await seen(page)
    plain = await open_page(java_script_enabled=False, locale="zh-CN")
    assert sorted(live) == sorted(expected)
    assert reloaded == expected
    assert await seen(plain) == expected
    await plain.locator(".chorus summary").first.click()
    await expect(plain.locator(".voice").first).to_be_visible()
    await expect(plain.locator(".chorus summary").first).to_contain_text("说了 2 次")


async def test_one_that_is_taken_back_leaves_the_count_and_never_its_words(site: Site, open_page: Open) -> None:
    page = await joined(await open_page())
    first, second, third = await call(site, "加油", "加油！", "加油!!!")
    await expect(page.locator("#comment-list .times >> visible=true")).to_have_text("×3")
    await expect(page.locator("#danmaku .times.counting")).to_have_text("×3")
    await reject(site, first)
    await expect(page.locator("#comment-list .times >> visible=true")).to_have_text("×2")
    await expect(page.locator("#danmaku .times.counting")).to_have_text("×2")
    assert await seen(page) == ["加油！×2"]
    assert await page.locator(LINES).first.get_attribute("data-id") == second
    note = CommentDecided(comment=third, action="annotate", by="host", note=NOTE)
    await site.log.append(note, once="note")
    await expect(page.locator(LINES)).to_have_count(2)
    await expect(page.locator(LINES).nth(1).locator(".source-card")).to_contain_text("NOAA")
    await reject(site, second)
    await reject(site, third)
    await expect(page.locator(LINES)).to_have_count(0)
    await expect(page.locator("#danmaku .flying")).to_have_count(0)


async def test_a_crowd_is_one_comment_on_the_picture_and_covers_nobody(site: Site, open_page: Open) -> None:
    page = await joined(await open_page(width=390, locale="zh-CN"))
    await call(site, "加油")
    await expect(page.locator("#danmaku .flying")).to_have_count(1)
    await call(site, "look, a turtle comes", *["加油！"] * 36)
    await expect(page.locator("#danmaku .times.counting")).to_have_text("×37")
    await expect(page.locator("#comment-list .times >> visible=true")).to_have_text("×37")
    await expect(page.locator("#danmaku .flying")).to_have_count(2)
    boxes = await page.locator("#danmaku .flying").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(b => [b.left, b.right, b.top, b.bottom])"
    )
    (left, right, top, bottom), (left2, right2, top2, bottom2) = boxes
    assert right < left2 or right2 < left or bottom <= top2 or bottom2 <= top
    outcome = "#own-comments"
    await page.locator("#nick").fill("小安")
    await page.locator("#text").fill("加油")
    await page.locator("#text").press("Enter")
    await expect(page.locator(outcome)).to_contain_text("审核中…")
    mine = await site.latest()
    await site.publish(mine, applause="加油")
    await expect(page.locator(outcome)).to_contain_text("已显示")
    await expect(page.locator(f"{LINES}.own")).to_have_count(1)


async def test_who_wants_no_motion_sees_the_count_without_it_and_hears_one_summary(site: Site, open_page: Open) -> None:
    page = await joined(await open_page(reduced_motion="reduce"))
    await page.evaluate("""() => {
        window.said = [];
        const place = document.querySelector('#announce');
        new MutationObserver(() => window.said.push(place.textContent)).observe(place, { childList: true });
        window.moved = 0;
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...given) { window.moved += 1; return animate.apply(this, given); };
    }""")
    await call(site, *["加油"] * 12)
    await expect(page.locator("#comment-list .times >> visible=true")).to_have_text("×12")
    await expect(page.locator("#announce")).to_have_text("12 new comments", timeout=30_000)
    assert await page.evaluate("window.said") == ["12 new comments"]
    assert await page.evaluate("window.moved") == 0
