"""Somebody takes back what they wrote, and a host erases what somebody else should not have written."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, expect

from tests.running import Running

NUMBER = "the meeting point is at the old lighthouse door"
OTHERS = "the woman in the red coat lives at the mill"


async def test_words_that_are_taken_back_are_gone_everywhere(server: Running, chromium: Browser) -> None:
    code = await server.broadcast("ERASE")
    author, reader = await chromium.new_page(locale="en-GB"), await chromium.new_page(locale="zh-CN")
    for page in (author, reader):
        await page.goto(f"{server.url}/b/{code}")
    await author.locator("#nick").fill("Ann")
    for text in (NUMBER, OTHERS):
        await author.locator("#text").fill(text)
        await author.locator("button.send").click()
        await expect(reader.locator("#comment-list")).to_contain_text(text, timeout=20_000)

    mine = author.locator("#comment-list .comment", has_text=NUMBER)
    await mine.get_by_label("Take back or object").click()
    await author.get_by_text("Take it back").click()
    await author.get_by_role("button", name="Erase for good").click()
    await expect(author.get_by_role("main")).to_contain_text("Its words are erased.")
    await expect(reader.locator("#comment-list")).not_to_contain_text(NUMBER, timeout=20_000)
    await author.get_by_role("main").get_by_role("link").first.click()
    await expect(author.locator("#comment-list")).to_contain_text(OTHERS, timeout=20_000)
    await expect(author.get_by_role("main")).not_to_contain_text(NUMBER)

    href = await reader.locator("#comment-list .comment", has_text=OTHERS).locator(".more").get_attribute("href")
    await reader.goto(f"{server.url}{href}")
    await expect(reader.get_by_role("main")).not_to_contain_text("删除")
    context = await chromium.new_context(locale="zh-CN")
    await context.add_cookies(
        [{"name": "streamhub_role", "value": server.role("host", code, name="Mei"), "url": server.url}]
    )
    host = await context.new_page()
    await host.goto(f"{server.url}/b/{code}")
    await host.locator("#comment-list .comment", has_text=OTHERS).locator(".more").click()
    await host.locator("#about").get_by_role("link", name="为所有人删除").click()
    await host.get_by_text("为所有人删除").click()
    await host.get_by_label("原因？会和你的名字一起记录下来。").fill("private")
    await host.get_by_role("button", name="永久删除").click()
    await expect(host.get_by_role("main")).to_contain_text("内容已删除。")
    await expect(author.locator("#comment-list")).not_to_contain_text(OTHERS, timeout=20_000)

    def on_disk() -> bool:
        files = [file for file in server.data.rglob("*") if file.suffix in (".aof", ".rdb", ".txt", ".log")]
        assert any(file.suffix == ".aof" for file in files)
        try:
            return any(words.encode() in file.read_bytes() for file in files for words in (NUMBER, OTHERS))
        except FileNotFoundError:  # it is being written anew
            return True

    async with asyncio.timeout(20):
        while on_disk():
            await asyncio.sleep(0.2)
    rows = await server.log(code)
    assert NUMBER not in repr(rows) and OTHERS not in repr(rows)
    erased = [row["fact"] for row in rows if row["fact"]["type"] == "comment_erased"]
    assert [(fact["by"], fact.get("reason", "")) for fact in erased] == [("author", ""), ("host:Mei", "private")]
    report = await server.api("GET", f"/report/{code}?format=json")
    assert report["moderation"]["objections"]["erased"] == 2 and report["comments"]["from_people"]["submitted"] == 0
    await context.close()
    for page in (author, reader):
        await page.close()
