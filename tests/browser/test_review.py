"""Reviewing at the host's desk, and what viewers do about a comment: by keys, together, in turns, as plain forms."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Page, expect

from streamhub.facts import (
    AppealMade,
    ClaimAdded,
    CommentDecided,
    CommentReported,
    DecisionUndone,
    PolicyChosen,
    ViewerRestricted,
)
from streamhub.live.admission import Grant
from streamhub.record import moderation_status
from tests.browser.conftest import CODE, NOTE, Open, Site
from tests.browser.desk import ORGANIZER, hold, say, signed_in
from tests.browser.test_watch import say as type_in

DESK = f"/host/{CODE}?show=held"
RULES = f"/host/{CODE}/rules"
MODERATOR = Grant(role="moderator", broadcast=CODE, name="Bo")


async def facts(site: Site, kind: type) -> list[object]:
    return [entry.fact async for entry in site.log.all() if isinstance(entry.fact, kind)]


async def decided(site: Site) -> list[tuple[str, str, str]]:
    return [(f.comment, f.action, f.by) for f in await facts(site, CommentDecided) if isinstance(f, CommentDecided)]


async def desk(open_page: Open, tmp_path: Path, grant: Grant = MODERATOR, **options: object) -> Page:
    page = await open_page(DESK, **signed_in(tmp_path, grant), **options)
    await expect(page.locator("#people")).to_be_visible()
    return page


async def test_a_moderator_decides_by_keys_with_words_to_the_author(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    first, second = await hold(site, "Cheap fins, add me"), await hold(site, "A lovely dive shop")
    page = await desk(open_page, tmp_path)
    await expect(page.locator(".lanes a")).to_have_count(2)
    await page.keyboard.press("e")
    await page.keyboard.type("No advertising, please.")
    await page.keyboard.press("Escape")
    await page.keyboard.press("r")
    await expect(page.locator("#card .detail-text")).to_have_text("A lovely dive shop")
    await page.keyboard.press("p")
    await expect(page.locator("#items li")).to_have_count(0)
    assert await decided(site) == [(first, "reject", "moderator:Bo"), (second, "publish", "moderator:Bo")]
    assert [fact.reason for fact in await facts(site, CommentDecided) if isinstance(fact, CommentDecided)] == [
        "No advertising, please.", "",
    ]  # fmt: skip
    await page.keyboard.press("?")
    await expect(page.locator("#shortcuts")).to_contain_text("Choose for several at once")
    await page.keyboard.press("Escape")
    await expect(page.locator("#shortcuts")).to_be_hidden()


async def test_several_are_decided_together_and_taken_back_together(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    held = [await hold(site, text) for text in ("one thing", "quite another", "what was that", "stays here")]
    page = await desk(open_page, tmp_path)
    for _ in range(3):
        await page.keyboard.press("v")
    await expect(page.locator("#picked")).to_have_text("3 chosen")
    await page.keyboard.press("Shift+R")
    await expect(page.locator("#items li")).to_have_count(1)
    await expect(page.locator("#toast")).to_contain_text("3 comments")
    assert [comment for comment, action, _ in await decided(site) if action == "reject"] == held[:3]
    await page.keyboard.press("u")
    await expect(page.locator("#fresh span")).to_have_text("3 new")
    await page.keyboard.press("n")
    await expect(page.locator("#items li")).to_have_count(4)
    assert len(await facts(site, DecisionUndone)) == 3


async def test_what_says_nearly_the_same_is_decided_in_one_go(site: Site, open_page: Open, tmp_path: Path) -> None:
    for number in (88, 93, 17):
        await hold(site, f"Cheap fins for everybody, add me: reef{number}")
    await hold(site, "Is this shop any good?")
    page = await desk(open_page, tmp_path)
    await expect(page.locator("#card .same")).to_contain_text("with 2 more")
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await expect(page.locator("#items li")).to_have_count(1)
    await expect(page.locator("#card .same")).to_be_hidden()
    assert len(await decided(site)) == 3


async def test_of_two_moderators_the_later_one_is_told_who_was_first(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    comment = await hold(site, "Cheap fins, add me")
    page = await desk(open_page, tmp_path)
    first = CommentDecided(comment=comment, action="reject", by="host:Mei", once="mei")
    await site.log.append(first, once=f"turn:{comment}:")
    await expect(page.locator("#card .decided-by")).to_contain_text("Decided by Mei (host)")
    await page.keyboard.press("p")
    await expect(page.locator("#said")).to_contain_text("Mei (host) was first")
    assert await decided(site) == [(comment, "reject", "host:Mei")]
    await page.keyboard.press("p")
    await expect(page.locator("#toast")).to_contain_text("Published")
    assert len(await decided(site)) == 2


async def test_the_end_of_a_restriction_is_in_the_readers_own_time(site: Site, open_page: Open, tmp_path: Path) -> None:
    until = int(datetime(2031, 5, 1, 20, 30, tzinfo=UTC).timestamp() * 1000)
    restricted = ViewerRestricted(viewer="v-bo", effect="mute", until_ms=until, by="moderator:Bo")
    await site.log.append(restricted, once="mute")
    await site.log.append(PolicyChosen(preset="careful", by="host:Mei"), once="careful")
    page = await open_page(RULES, locale="zh-CN", timezone_id="Asia/Shanghai", **signed_in(tmp_path))
    await expect(page.locator("#lift .badge")).to_have_text("已禁言至 2031年5月2日 04:30")
    await expect(page.locator(".history time")).not_to_contain_text("UTC")
    plain = await open_page(RULES, java_script_enabled=False, **signed_in(tmp_path))
    await expect(plain.locator("#lift .badge")).to_have_text("Muted until 2031-05-01 20:30 UTC")


async def test_a_moderator_mutes_and_the_viewer_reads_why_and_until_when(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    viewer = await open_page(locale="zh-CN")
    await type_in(viewer, "加我微信领券")
    await expect(viewer.locator("#own-comments")).to_contain_text("审核中…")
    await site.hold(await site.latest())
    page = await desk(open_page, tmp_path)
    await page.keyboard.press("m")
    await page.get_by_label("How long").select_option("60")
    await page.get_by_label("Why (the person reads it; optional)").fill("再发广告会被封禁")
    await page.get_by_role("button", name="Restrict", exact=True).click()
    await expect(page.locator("#card")).to_contain_text("Muted until")
    await type_in(viewer, "我再说一句")
    await expect(viewer.locator("#refused")).to_contain_text("审核员暂停了你的这项操作，至")
    await expect(viewer.locator("#refused")).to_contain_text("再发广告会被封禁")
    await page.get_by_role("link", name="Rules and people").click()
    await expect(page.locator("#lift")).to_contain_text("再发广告会被封禁")
    await page.get_by_role("button", name="Lift").click()
    await expect(page.locator("#lift")).to_contain_text("Nobody is restricted")
    await viewer.locator("#text").press("Enter")
    await expect(viewer.locator("#own-comments")).to_contain_text("我再说一句")
    (restricted,) = await facts(site, ViewerRestricted)
    assert isinstance(restricted, ViewerRestricted)
    assert (restricted.effect, restricted.by) == ("mute", "moderator:Bo")


async def test_an_author_objects_once_and_reads_the_answer(site: Site, open_page: Open, tmp_path: Path) -> None:
    author = await open_page()
    await type_in(author, "They say the reef is painted")
    await expect(author.locator("#own-comments")).to_contain_text("Checking…")
    await site.hold(await site.latest(), "misinformation")
    await author.get_by_text("Not meant that way? Tell us").click()
    await author.get_by_label("One sentence to the moderators").fill("I quoted somebody.")
    await author.get_by_role("button", name="Object").click()
    await expect(author.locator("#own-comments")).to_contain_text("You objected; a moderator will look.")
    await expect(author.locator(".appeal")).to_be_hidden()
    page = await desk(open_page, tmp_path)
    await expect(page.locator("#items .badge")).to_have_text("Objection")
    await expect(page.locator("#card .objection")).to_contain_text("I quoted somebody.")
    await page.locator("#reason").fill("True, it is a quotation.")
    await page.locator("#reason").press("Escape")
    await page.keyboard.press("p")
    await expect(author.locator("#own-comments")).to_contain_text("You objected, and a moderator agreed.")
    await expect(author.locator("#own-comments")).to_contain_text("True, it is a quotation.")
    await expect(author.locator("#comment-list")).to_contain_text("They say the reef is painted")
    assert len(await facts(site, AppealMade)) == 1


async def test_a_viewer_reports_a_comment_and_hides_a_person(site: Site, open_page: Open, tmp_path: Path) -> None:
    comment = await say(site, "You are all stupid", viewer="v-di", nick="Di")
    await site.publish(comment)
    await site.publish(await say(site, "Corals are animals", viewer="v-ann", nick="Ann"))
    viewer = await open_page()
    await expect(viewer.locator("#people")).to_contain_text("1 person")
    line = viewer.locator("#comment-list .comment", has_text="stupid")
    await line.locator(".more").click()
    await viewer.get_by_label("It insults or threatens somebody").check()
    await viewer.get_by_role("button", name="Report it").click()
    await expect(viewer.locator("#about")).to_contain_text("A moderator will see your report.")
    await viewer.get_by_role("button", name="Hide what this person writes, for me").click()
    await expect(viewer.locator("#comment-list .comment")).to_have_count(1)
    await site.publish(await say(site, "still stupid", viewer="v-di", nick="Di"))
    await site.publish(await say(site, "Good evening", viewer="v-bo", nick="Bo"))
    await expect(viewer.locator("#comment-list")).to_contain_text("Good evening")
    await expect(viewer.locator("#comment-list")).not_to_contain_text("stupid")
    page = await desk(open_page, tmp_path)
    await expect(page.locator("#items .badge")).to_have_text("Reported")
    await expect(page.locator("#card .reported-by")).to_contain_text("Insult ×1")
    await page.keyboard.press("r")
    await expect(page.locator("#items li")).to_have_count(0)
    (report,) = await facts(site, CommentReported)
    assert isinstance(report, CommentReported)
    assert (report.comment, report.why, report.hides) == (comment, "abuse", False)
    await viewer.locator("#settings summary").click()
    await viewer.get_by_role("button", name="Show again").click()
    await expect(viewer.locator("#comment-list")).to_contain_text("still stupid")


async def test_reviewing_together_and_the_rules_work_without_javascript(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    held = [await hold(site, text) for text in ("one thing", "quite another", "stays here")]
    page = await open_page(DESK, java_script_enabled=False, **signed_in(tmp_path, ORGANIZER))
    for box in (0, 1):
        await page.locator(".pick").nth(box).check()
    await page.get_by_role("button", name="Reject the chosen").click()
    await expect(page.locator(".desk-notice")).to_contain_text("2 comments")
    assert [comment for comment, _, _ in await decided(site)] == held[:2]
    await page.locator(".desk-notice button").click()
    await expect(page.locator(".items li")).to_have_count(3)
    await page.goto(site.address + RULES)
    await page.get_by_label("School").check()
    await page.locator("#why-choose_policy").fill("A class joins at eight")
    await page.get_by_role("button", name="Use this from now on").click()
    await expect(page.locator("#choose_policy")).to_contain_text("It holds from now on.")
    await page.get_by_text("Add a claim").click()
    await page.get_by_label("Claim in English").fill("The reef is painted")
    await page.get_by_label("What is right, in English").fill("It is alive.")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.locator("#add_claim .refused")).to_contain_text("A claim needs the source of its fact")
    await expect(page.get_by_label("Claim in English")).to_have_value("The reef is painted")
    await page.get_by_label("Source (publisher, title, year)").fill("AIMS, 2024")
    await page.get_by_label("Its web address").fill("https://www.aims.gov.au/")
    await page.get_by_role("button", name="Add it").click()
    await expect(page.locator("#add_claim")).to_contain_text("AIMS, 2024")
    await page.get_by_label("Word or address").fill("reef.org")
    await page.get_by_role("button", name="List it").click()
    await expect(page.locator("#list_word")).to_contain_text("reef.org")
    await page.get_by_role("button", name="Allow it").click()
    await expect(page.locator(".history li")).to_have_count(4)
    await expect(page.locator(".history")).to_contain_text("Lin (organizer)")
    await expect(page.locator(".history")).to_contain_text("“A class joins at eight”")
    assert [f.preset for f in await facts(site, PolicyChosen) if isinstance(f, PolicyChosen)] == ["school"]
    assert len(await facts(site, ClaimAdded)) == 1


async def test_objecting_and_reporting_work_without_javascript(site: Site, open_page: Open) -> None:
    other = await say(site, "You are all stupid", viewer="v-di", nick="Di")
    await site.publish(other)
    page = await open_page(java_script_enabled=False, locale="zh-CN")
    await page.get_by_label("昵称").fill("小安")
    await page.locator("#text").fill("加我微信")
    await page.get_by_role("button", name="发送").click()
    await site.hold(await site.latest())
    await page.goto(site.page)
    await page.get_by_text("不是那个意思？告诉我们").click()
    await page.get_by_label("给审核员写一句话").fill("我是在提醒大家别加")
    await page.get_by_role("button", name="提交申诉").click()
    await expect(page.locator("main")).to_contain_text("审核员会查看，结果会在这里告诉你")
    await page.goto(site.page)
    await expect(page.locator("#own-comments")).to_contain_text("你已申诉，审核员会查看。")
    await page.locator(".comment", has_text="stupid").locator(".more").click()
    await page.get_by_label("辱骂或威胁他人").check()
    await page.get_by_role("button", name="举报").click()
    await expect(page.locator("main")).to_contain_text("审核员会看到你的举报")
    await page.goto(f"{site.page}/comments/{other}")
    await page.get_by_label("其他").check()
    await page.get_by_role("button", name="举报").click()
    await expect(page.locator(".refused")).to_contain_text("你已经举报过这条了")
    assert len(await facts(site, AppealMade)) == len(await facts(site, CommentReported)) == 1


async def test_an_author_objects_to_a_source_card_on_the_comments_page(site: Site, open_page: Open) -> None:
    author = await open_page()
    await type_in(author, "Bleached coral is dead")
    await expect(author.locator("#own-comments")).to_contain_text("Checking…")
    await site.publish(await site.latest(), NOTE)
    await author.locator("#comment-list .own .more").click()
    await author.get_by_text("Not meant that way? Tell us").click()
    await author.get_by_label("One sentence to the moderators").fill("I asked whether it is.")
    await author.get_by_role("button", name="Object").click()
    await expect(author.locator("main")).to_contain_text("You objected; a moderator will look.")
    assert len(await facts(site, AppealMade)) == 1


async def test_a_banner_says_how_the_checks_fare(site: Site, open_page: Open, tmp_path: Path) -> None:
    await hold(site, "Cheap fins, add me")
    page = await desk(open_page, tmp_path)
    banner = page.locator("#moderation-state")
    await expect(banner).to_contain_text("No checks are running, so nothing appears by itself. Waiting for you: 1.")
    await moderation_status.tell(site.store, "worker", "overload")
    await expect(banner).to_contain_text("More is said than the model can read in time.")
    plain = await open_page(DESK, java_script_enabled=False, **signed_in(tmp_path))
    await expect(plain.locator("#moderation-state")).to_contain_text("More is said than the model can read in time.")
    await moderation_status.tell(site.store, "worker", "normal")
    await expect(banner).to_be_hidden()
