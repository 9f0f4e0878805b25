"""One comment, from a real client to another's screen, through the real store and the real encoder."""

from __future__ import annotations

import asyncio
import json

from playwright.async_api import Browser, expect

from tests.running import ROOT, Running
from web.node import BIN

SAY = ROOT / "tests" / "stories" / "say.mjs"


async def test_from_a_python_client_to_a_screen_in_chromium(server: Running, chromium: Browser) -> None:
    code = await server.broadcast("STORY-PY")
    page = await chromium.new_page(locale="zh-CN")
    await page.goto(f"{server.url}/b/{code}")
    ann = await server.viewer(code)
    said = await ann.say("珊瑚真的好美,像海底的花园", nick="小安")
    comment = page.get_by_role("log").get_by_text("珊瑚真的好美,像海底的花园")
    await expect(comment).to_be_visible(timeout=20_000)
    assert (await ann.outcome(said))["status"] == "shown"
    await page.reload()
    await expect(comment).to_be_visible()
    await page.close()
    await ann.leave()


async def test_from_the_javascript_client_to_a_python_client(server: Running) -> None:
    code = await server.broadcast("STORY-JS")
    bo = await server.viewer(code)
    process = await asyncio.create_subprocess_exec(
        BIN / "node", SAY, server.url, code, "The clownfish looks straight at me",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(40):
        output, _ = await process.communicate()
    told = json.loads(output)
    assert process.returncode == 0 and told["outcome"]["status"] == "shown"
    assert (await bo.shown(told["accepted"]["id"]))["text"] == "The clownfish looks straight at me"
    await bo.leave()


async def test_from_a_plain_form_without_javascript(server: Running, chromium: Browser) -> None:
    code = await server.broadcast("STORY-FORM")
    bo = await server.viewer(code)
    context = await chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{server.url}/b/{code}")
    await page.locator("form.composer input[name=nick]").fill("Grandma Li")
    await page.locator("form.composer [name=text]").fill("Greetings from an old phone")
    await page.locator("form.composer button.send").click()
    batch = await bo.until("batch", lambda data: data.get("comments"))
    assert batch["comments"][0]["text"] == "Greetings from an old phone"
    await page.goto(f"{server.url}/b/{code}")
    await expect(page.get_by_text("Greetings from an old phone").first).to_be_visible()
    await context.close()
    await bo.leave()
