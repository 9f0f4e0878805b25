"""What the desk says of a held comment: the rule and claims in words, the listed word, its neighbours, its author."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from streamhub.facts import CommentDecided, CommentJudged, Nearest, Reason, ViewerRestricted
from tests.browser.conftest import CODE, Open, Site
from tests.browser.desk import hold, say, signed_in

DESK = f"/host/{CODE}?show=held"


async def judge(site: Site, text: str, *reasons: Reason, viewer: str = "v-bo", **more: object) -> str:
    comment = await say(site, text, viewer=viewer)
    verdict = CommentJudged(comment=comment, action="hold", reasons=reasons, **more)  # type: ignore[arg-type]
    await site.log.append(verdict, once=f"judge {comment}")
    return comment


async def desk(open_page: Open, tmp_path: Path, scripts: bool, **options: object) -> Page:
    page = await open_page(DESK, java_script_enabled=scripts, **signed_in(tmp_path), **options)
    if scripts:
        await expect(page.locator("#people")).to_be_visible()
    return page


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(
    ("reason", "said", "why"),
    [
        (Reason(code="promotion", rule="p022"), "推销、招揽或打广告", "代刷步数、能量 · p022"),
        (Reason(code="unsure", rule="word", word="拆坝"), "含有本场需人工查看的词语", "“拆坝”"),
        (Reason(code="unsure", rule="model_missing"), "模型缺失，规则也无法判断", ""),
        (Reason(code="abuse", rule="head", score=0.914), "", "由模型判断 91%"),
        (Reason(code="claim", rule="m003", score=0.89), "符合一个已知误区", "冬天这么冷,说明没有变暖 89%"),
    ],
)
async def test_why_it_is_here_is_said_in_words(
    site: Site, open_page: Open, tmp_path: Path, scripts: bool, reason: Reason, said: str, why: str
) -> None:
    await judge(site, "一条弹幕", reason)
    page = await desk(open_page, tmp_path, scripts, locale="zh-CN")
    await expect(page.locator("#card .reasons")).to_contain_text(said)
    await expect(page.locator('#card .reasons [data-f="rule"]')).to_have_text(why)


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_claims_that_it_is_near_to_are_listed_to_choose_from(
    site: Site, open_page: Open, tmp_path: Path, scripts: bool
) -> None:
    near = tuple(Nearest(claim=name, similarity=score) for name, score in (("m003", 0.82), ("m002", 0.61)))
    comment = await judge(site, "It is cold", Reason(code="misinformation", rule="head", score=0.97), claims=near)
    page = await desk(open_page, tmp_path, scripts)
    rows = page.locator("#card .nearest li")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("A cold winter disproves global warming")
    await expect(rows.first).to_contain_text("It is not happening (CARDS 1.3) · one story for all")
    await expect(rows.first).to_contain_text("82%")
    if not scripts:
        return
    await rows.nth(1).get_by_role("button", name="Choose it").click()
    await expect(page.locator("#claim")).to_have_value("m002")
    await page.locator("#claim").press("Escape")
    await page.keyboard.press("s")
    await expect(page.locator("#items li")).to_have_count(0)
    (decided,) = [entry.fact async for entry in site.log.all() if isinstance(entry.fact, CommentDecided)]
    assert (decided.comment, decided.action, decided.note and decided.note.claim) == (comment, "annotate", "m002")


@pytest.mark.parametrize("scripts", [True, False])
async def test_held_items_that_say_nearly_the_same_stand_together(
    site: Site, open_page: Open, tmp_path: Path, scripts: bool
) -> None:
    await hold(site, "Cheap fins for everybody, add me: reef1")
    await hold(site, "Is this shop any good?")
    await hold(site, "Cheap fins for everybody, add me: reef2", viewer="v-di", nick="Di")
    page = await desk(open_page, tmp_path, scripts)
    rows = page.locator("#items li")
    await expect(rows.nth(0).locator(".alike")).to_have_text("2 nearly the same")
    await expect(rows.nth(1)).to_contain_text("reef2")
    await expect(rows.nth(1)).to_have_class("again")
    await expect(rows.nth(1).locator(".alike")).to_be_empty()
    await expect(rows.nth(2)).to_contain_text("Is this shop any good?")
    await expect(rows.nth(2).locator(".alike")).to_be_empty()


async def test_what_else_a_person_said_reaches_back_beyond_what_the_desk_was_sent(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    early = await say(site, "my first words here")
    rejected = CommentDecided(comment=early, action="reject", by="host:Mei", once="early")
    await site.log.append(rejected, once=f"turn:{early}:")
    for number in range(22):  # more decisions than the desk lists
        other = await say(site, f"other {number}", viewer=f"v-{number}")
        decided = CommentDecided(comment=other, action="publish", by="host:Mei", once=f"other {number}")
        await site.log.append(decided, once=f"turn:{other}:")
    await hold(site, "Cheap fins, add me", viewer="v-ann", nick="Ann")
    page = await desk(open_page, tmp_path, scripts=True)
    await expect(page.locator("#card .said li")).to_have_count(1)
    await expect(page.locator("#card .said")).to_contain_text("my first words here")
    await expect(page.locator("#card .said .badge")).to_have_text("Rejected")


async def test_who_was_slowed_by_the_checks_is_said_in_words(site: Site, open_page: Open, tmp_path: Path) -> None:
    slow = ViewerRestricted(
        viewer="v-bo", effect="slow", until_ms=1_950_000_000_000, by="moderation", reason="default-e7ad2f46"
    )
    await site.log.append(slow, once="slow")
    page = await open_page(f"/host/{CODE}/rules", locale="zh-CN", **signed_in(tmp_path))
    await expect(page.locator("#lift")).to_contain_text("自动检查: 几分钟内多次被留置")
    await expect(page.locator("#lift")).not_to_contain_text("default-")
