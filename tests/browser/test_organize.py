"""The organizer's pages: from an empty list to an open broadcast, in both languages, with and without JavaScript."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientSession, FormData
from playwright.async_api import expect

from streamhub.campaign_facts import CampaignCreated
from streamhub.facts import BroadcastCreated, WordListed, WordUnlisted
from streamhub.live.admission import ROLE_COOKIE, Signer
from streamhub.record.directory import create_campaign
from streamhub.record.log import broadcast_log, campaign_log
from tests.browser.conftest import CODE, Open, Site
from tests.browser.desk import HOST, ORGANIZER, ask, hold, signed_in
from web.links import make_link

SCREENS = Path(__file__).parent.parent / "output" / "screens"
FORM = {"title": "River walk", "code": "RIVER-1", "starts_at": "", "timezone": "UTC", "kind": "none", "source": ""}


@pytest.mark.parametrize("script", [True, False])
async def test_a_broadcast_is_scheduled_opened_and_closed(
    site: Site, open_page: Open, tmp_path: Path, script: bool
) -> None:
    page = await open_page(
        "/organize", java_script_enabled=script, timezone_id="Asia/Shanghai", **signed_in(tmp_path, ORGANIZER)
    )
    await page.get_by_role("link", name="New broadcast").click()
    await page.get_by_label("Title").fill("River walk")
    await page.get_by_label("Code", exact=True).fill("river-1")
    await page.get_by_label("Planned start").fill("2030-05-01T19:30")
    if not script:
        await page.get_by_label("Time zone").select_option("Asia/Shanghai")
    await page.get_by_label("YouTube").check()
    await page.get_by_label("Address of the stream").fill("https://youtu.be/dQw4w9WgXcQ")
    await page.get_by_role("button", name="Create the broadcast").click()
    await expect(page.get_by_role("heading", name="River walk")).to_be_visible()
    (entry,) = await broadcast_log(site.store, "RIVER-1").read()
    assert isinstance(entry.fact, BroadcastCreated)
    assert (entry.fact.starts_at, entry.fact.stage.source) == (1_903_865_400_000, "dQw4w9WgXcQ")
    await page.get_by_role("button", name="Open now").click()
    await expect(page.get_by_role("status")).to_contain_text("Viewers can comment")
    await page.get_by_text("Close…").click()
    await page.get_by_role("button", name="Close now").click()
    await expect(page.get_by_role("status")).to_contain_text("Closed")


async def test_a_host_link_is_shown_once_and_signs_the_host_in(site: Site, open_page: Open, tmp_path: Path) -> None:
    page = await open_page(f"/organize/{CODE}", **signed_in(tmp_path, ORGANIZER))
    await page.get_by_label("Who is it for?").fill("Mei")
    await page.get_by_role("button", name="Make a sign-in link").click()
    link = await page.get_by_label("One-time sign-in link").input_value()
    host = await open_page("/sign-in/" + link.rpartition("/")[2])
    await expect(host.get_by_role("main")).to_contain_text("Mei")
    await host.get_by_role("main").get_by_role("button").click()
    await expect(host).to_have_url(f"{site.address}/host/{CODE}")
    await page.goto(f"{site.address}/organize/{CODE}")
    await expect(page.get_by_label("One-time sign-in link")).to_have_count(0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": " "}, "A title has 1 to 120 characters."),
        ({"code": "R"}, "A code has 3 to 24 capital letters"),
        ({"code": CODE}, "This one is taken."),
        ({"starts_at": "tomorrow"}, "not a date and time"),
        ({"timezone": "Mars/Base"}, "no such time zone"),
        ({"kind": "hls", "source": "ftp://x"}, "begins with https://"),
        ({"kind": "bilibili", "source": "x"}, "does not look like a bilibili address"),
    ],
)
async def test_a_refused_form_comes_back_filled_in_with_the_reason_beside_the_field(
    site: Site, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    token = Signer((tmp_path / "secret.key").read_text().strip()).role_token(ORGANIZER)
    async with ClientSession(cookies={ROLE_COOKIE: token}) as client:
        answer = await client.post(f"{site.address}/organize/new", data=FormData(FORM | change))
        text = await answer.text()
    assert answer.status == 400
    assert text.count(said) == 2, "once above the form, once beside the field"
    assert (change.get("code") or "RIVER-1") in text
    assert not await site.store.exists("{b:RIVER-1}:log")


async def test_two_who_open_at_once_make_one_fact(site: Site, tmp_path: Path) -> None:
    token = Signer((tmp_path / "secret.key").read_text().strip()).role_token(ORGANIZER)
    async with ClientSession(cookies={ROLE_COOKIE: token}) as client:
        closing = [client.post(f"{site.address}/organize/{CODE}/close", allow_redirects=False) for _ in range(5)]
        statuses = [answer.status for answer in await asyncio.gather(*closing)]
    assert set(statuses) <= {303, 409}
    assert [type(entry.fact).__name__ for entry in await site.log.read()].count("BroadcastClosed") == 1


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_forms_and_the_desk_fit_the_screen(
    site: Site, open_page: Open, tmp_path: Path, locale: str, width: int
) -> None:
    """The pictures are kept in tests/output/screens to be looked at."""
    await ask(site, "If the water cools next month, will the bleached corals survive?", votes=12)
    await hold(site, "想低价买潜水装备的加我微信 reefdive88，保证正品")
    link = await make_link(site.store, "", HOST)
    SCREENS.mkdir(parents=True, exist_ok=True)
    page = await open_page("/organize", width=width, locale=locale, **signed_in(tmp_path, ORGANIZER))
    for name, path in {
        "organize-new": "/organize/new",
        "organize-new-campaign": "/organize/new-campaign",
        "host-held": f"/host/{CODE}?show=held",
        "sign-in": "/sign-in",
        "sign-in-link": link,
    }.items():
        await page.goto(site.address + path)
        await page.screenshot(path=SCREENS / f"{name}-{locale[:2]}-{width}.png", full_page=not path.startswith("/host"))
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("script", [True, False])
async def test_the_words_of_a_campaign_are_kept_on_its_page(
    site: Site, open_page: Open, tmp_path: Path, script: bool
) -> None:
    week = CampaignCreated(
        id="WEEK", module="travel", title="绿色周", by="o", starts_on="2026-01-01", ends_on="2026-12-31"
    )
    await create_campaign(site.store, week)
    page = await open_page(
        "/organize/campaign/WEEK",
        locale="zh-CN",
        width=390,
        java_script_enabled=script,
        **signed_in(tmp_path, ORGANIZER),
    )
    words = page.locator("#words")
    await words.get_by_label("词语或网址").fill("reef.org/give")
    await words.get_by_role("button", name="列入").click()
    await expect(words.get_by_role("status")).to_contain_text("完成，即刻生效。")
    await expect(words.locator("li").first).to_contain_text("reef.org/give")
    await words.get_by_label("词语或网址").fill("give.the-foundation-of-the-blue-reef.example.org/donate/26")
    await words.get_by_role("button", name="列入").click()
    entry = words.locator("li.entry", has_text="the-foundation")
    text, button = await entry.locator(".entry-text").bounding_box(), await entry.get_by_role("button").bounding_box()
    assert text and button and button["x"] >= text["x"] + text["width"], "the button stands beside its word"
    await entry.get_by_role("button").click()
    await words.get_by_role("button", name="移除 reef.org/give").click()
    await expect(words.locator("li").first).to_contain_text("还没有")
    await words.get_by_text("变更记录").click()
    await expect(words.locator("ol li")).to_have_count(4)
    said = [type(entry.fact) async for entry in campaign_log(site.store, "WEEK").all()]
    assert said == [CampaignCreated, WordListed, WordListed, WordUnlisted, WordUnlisted]
    await expect(page.locator("main")).to_contain_text("油箱到车轮")
    await expect(page.locator("main")).not_to_contain_text("tank-to-wheel")
