"""A question is asked, voted up, answered by the host in a browser, and its asker is told."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.running import Running


async def test_a_question_is_voted_answered_and_its_asker_told(server: Running, chromium: Browser) -> None:
    code = await server.broadcast("QUESTION")
    asker = await chromium.new_page(locale="en-GB")
    await asker.goto(f"{server.url}/b/{code}")
    ann, bo = await server.viewer(code), await server.viewer(code)
    other = await ann.say("When is the next boat?", kind="question")
    asked = await ann.say("How long does a coral reef need to recover?", kind="question")
    await bo.shown(asked)
    assert (await bo.do("vote", question=asked))["ok"]
    host = await chromium.new_context(locale="en-GB")
    link = (await server.api("POST", "/api/links", {"role": "host", "broadcast": code}))["url"]
    desk = await host.new_page()
    await desk.goto(link)
    await desk.get_by_role("main").get_by_role("button").click()
    await expect(desk).to_have_url(f"{server.url}/host/{code}")
    queue = desk.locator("[data-question]")
    await expect(queue.first).to_contain_text("recover")
    assert await queue.first.get_attribute("data-question") == asked
    assert {other, asked} == {await queue.nth(n).get_attribute("data-question") for n in range(await queue.count())}
    answer = "Ten to fifteen years without another bleaching."
    await queue.first.click()
    await desk.get_by_label("Answer in writing").fill(answer)
    await desk.get_by_role("button", name="Answered", exact=True).click()
    told = await ann.until("outcome", lambda data: (data.get("question") or {}).get("status") == "answered")
    assert told["question"]["answer"] == answer
    seen = await bo.until("batch", lambda data: any(q.get("answer") == answer for q in data.get("questions", [])))
    assert [q["id"] for q in seen["questions"]] == [asked]
    await expect(desk.get_by_role("link", name="Answered 1")).to_be_visible()
    await host.close()
    await asker.close()
    await ann.leave()
    await bo.leave()
