"""One evening written by hand, and its report counted by hand: every figure, the page, the files, who may read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from campaigns import travel
from streamhub.commands import Refused
from streamhub.live.admission import Grant, Person, Signer
from streamhub.live.hub import Hub
from streamhub.record.log import broadcast_key, campaign_key
from streamhub.record.store import EmbeddedValkey, connect_follower
from tests.web.report_evening import EVENING, NINE, WEEK, at, write_evening
from web import keys
from web.build import catalogue
from web.pages import report as page
from web.render import LOCALES
from web.report import shape
from web.report.build import build_report
from web.report.csv_of_comments import cell
from web.report.page import html
from web.settings import Settings

MODULES = {travel.module.name: travel.module}


@pytest.fixture(scope="module", autouse=True)
def chinese() -> None:
    catalogue(LOCALES / "zh_CN")


@pytest.fixture
async def report(store: Redis, tmp_path: Path) -> shape.Report:
    await write_evening(store)
    return await build_report(store, EVENING, data=tmp_path, modules=MODULES, now=NINE)


async def test_it_says_what_and_when(report: shape.Report) -> None:
    assert (report.code, report.title, report.status, report.simulated) == (EVENING, "The reef, live", "closed", False)
    assert (report.opened_at, report.closed_at) == (at(0), at(60))
    assert (report.start, report.end, report.timezone, report.generated_at) == (at(0), at(60), "Asia/Shanghai", NINE)
    assert report.as_of == f"{at(60)}-0"


async def test_people_and_comments(report: shape.Report) -> None:
    people = report.people
    assert (people.viewers, people.spoke, people.asked, people.simulated, people.simulated_spoke) == (6, 5, 4, 1, 1)
    said = report.comments
    assert (said.submitted, said.shown, said.held, said.rejected, said.waiting) == (10, 5, 1, 3, 1)
    assert said.simulated == shape.Tally(submitted=1, shown=1)
    assert said.from_people == shape.Tally(submitted=9, shown=4, held=1, rejected=3, waiting=1)


async def test_questions(report: shape.Report) -> None:
    asked = report.questions
    assert (asked.asked, asked.visible, asked.answered, asked.outstanding) == (4, 3, 1, 2)
    assert (asked.later, asked.dismissed, asked.simulated) == (0, 0, 0)
    assert asked.median_seconds == 300
    [answered] = asked.answered_list
    assert (answered.text, answered.votes, answered.answer) == ("为什么珊瑚会变白？", 2, "水温太高。")
    assert answered.seconds_to_answer == 300
    assert [(q.text, q.votes) for q in asked.outstanding_list] == [
        ("What can I do <b>now</b>?", 1),
        ("Is it too late?", 0),
    ]


async def test_moderation(report: shape.Report) -> None:
    checks = report.moderation
    assert checks.judged == 9
    assert checks.machine == shape.Actions(publish=4, annotate=1, hold=3, reject=1)
    assert checks.people == shape.Actions(publish=2, reject=2)
    assert (checks.held_passed, checks.held_rejected, checks.held_open) == (1, 1, 1)
    assert (checks.reviewed, checks.overturned, checks.overturn_rate, checks.note_changed) == (2, 1, 0.5, 0)
    assert [(r.code, r.comments, r.now_shown, r.now_held, r.now_rejected) for r in checks.reasons] == [
        ("promotion", 2, 0, 0, 2),
        ("unsure", 2, 1, 1, 0),
        ("claim", 1, 1, 0, 0),
    ]


async def test_claims_name_their_source(report: shape.Report) -> None:
    [claim] = report.claims
    assert (claim.claim, claim.comments, claim.shown) == ("CORAL-01", 1, 1)
    assert (claim.claim_en, claim.source) == ("Bleached coral is dead", "NOAA 2024")


async def test_the_timeline_adds_up(report: shape.Report) -> None:
    line = report.timeline
    assert line.minutes == 2  # 61 minutes do not fit into 60 bins of one
    assert line.bins[0].at == at(0)
    assert sum(b.comments for b in line.bins) == 10
    assert sum(b.questions for b in line.bins) == 4
    assert sum(b.joined for b in line.bins) == 3
    assert line.crowd == shape.Crowd(start=at(20), end=at(24), comments=6, share=0.5)
    assert [(peak.start, peak.comments) for peak in line.peaks] == [(at(20), 4)]


async def test_the_campaign_is_counted_twice_and_agrees(report: shape.Report) -> None:
    [campaign] = report.campaigns
    assert (campaign.id, campaign.title, campaign.module, campaign.status) == (WEEK, "Travel week", "travel", "open")
    assert campaign.trips == shape.Trips(logged=5, trips=2, review=1, rejected=1, withdrawn=1, km=12.5, people=2)
    figures = {figure.name: figure for figure in campaign.figures}
    assert (figures["km"].value, figures["trips"].value, figures["people"].value) == (12.5, 2, 2)
    avoided = figures["co2e_avoided"]
    assert avoided.low is not None
    assert avoided.high is not None
    assert 0 < avoided.low < avoided.high
    assert campaign.disagreements == ()
    assert campaign.basis == travel.module.basis
    assert [(team.member, team.values["km"]) for team in campaign.teams] == [("Blue", 10.0), ("绿队", 2.5)]


async def test_a_difference_between_facts_and_rules_is_said(store: Redis, tmp_path: Path) -> None:
    """Two hubs let the same trip in at once: the rules set the second aside, the facts alone count it."""
    await write_evening(store, twice=True)
    report = await build_report(store, EVENING, data=tmp_path, modules=MODULES, now=NINE)
    odd = {d.name: (d.from_facts, d.from_rules) for d in report.campaigns[0].disagreements}
    assert odd == {"trips": (3, 2), "km": (22.5, 12.5), "review": (1, 2)}
    assert "22.5 from the facts alone, 12.5 by the rules" in html(report, "en")


async def test_campaigns_that_are_unknown_or_of_an_unknown_module(store: Redis, tmp_path: Path) -> None:
    await write_evening(store)
    report = await build_report(store, EVENING, data=tmp_path, modules={}, now=NINE)
    assert (report.campaigns[0].trips, report.campaigns[0].figures, report.campaigns[0].basis) == (None, (), None)
    assert "Travel week" in html(report, "en")
    await store.delete(campaign_key(WEEK))
    fresh = await build_report(store, EVENING, data=tmp_path / "fresh", modules=MODULES, now=NINE)
    assert fresh.campaigns == ()


async def test_the_report_outlives_the_log(store: Redis, tmp_path: Path, report: shape.Report) -> None:
    await store.flushall()
    assert await build_report(store, EVENING, data=tmp_path, modules=MODULES, now=NINE) == report


async def test_nothing_at_all_is_a_report_too(store: Redis, tmp_path: Path) -> None:
    report = await build_report(store, "EMPTY", data=tmp_path, modules=MODULES, now=NINE)
    assert (report.as_of, report.people.viewers, report.comments.submitted, report.timeline.bins) == ("0-0", 0, 0, ())
    for language, words in (("en", "Nobody commented"), ("zh_CN", "没有人评论")):
        assert words in html(report, language)


async def test_json_reads_back_as_it_was(report: shape.Report) -> None:
    assert msgspec.json.decode(msgspec.json.encode(report), type=shape.Report, strict=True) == report


async def test_the_page_in_both_languages(report: shape.Report) -> None:
    english, chinese = html(report, "en"), html(report, "zh_CN")
    for text in (
        "Most comments came between 19:20 and 19:24", "1 of 3 visible questions were answered", "水温太高。",
        "The checks held 3 of 9 comments for a person", "“Bleached coral is dead”", "NOAA 2024",
        "Travel week: 2 people, 12.5 km", "UK DESNZ 2025", "1 simulated comment is counted apart",
    ):  # fmt: skip
        assert text in english
    for text in (
        "大多数评论出现在 19:20 至 19:24",
        "3 个公开的提问中，1 个得到了回答",
        "最常听到的误解：“白化的珊瑚已经死了”",
    ):
        assert text in chinese
    assert 'lang="zh-CN"' in chinese
    assert "<script" not in english


async def test_what_people_wrote_is_text_and_never_markup(report: shape.Report) -> None:
    page_text = html(report, "en")
    assert "&lt;b&gt;now&lt;/b&gt;" in page_text
    assert "<b>now</b>" not in page_text
    assert "javascript:" not in page_text


async def test_held_and_rejected_questions_are_not_on_the_page(report: shape.Report) -> None:
    assert "buy my coral" not in html(report, "en")


# ── over HTTP ────────────────────────────────────────────────────────────────────────────────────

Open = Callable[[Grant | None], Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def open_as(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> AsyncIterator[Open]:
    """A client of the report's routes for whoever has this grant."""
    clients, follower = [], connect_follower(valkey.url)
    hub = Hub(store=store, follower=follower, signer=Signer("report"), modules=MODULES, notes={})
    await hub.open()

    async def client(grant: Grant | None) -> TestClient[Any, Any]:
        @web.middleware
        async def who(request: web.Request, handler: Any) -> web.StreamResponse:
            request[keys.PERSON], request[keys.LOCALE] = Person(viewer="v-1", grant=grant), "en"
            try:
                return await handler(request)
            except Refused as refused:
                return web.json_response({"code": refused.refusal.code}, status=400)

        app = web.Application(middlewares=[who])
        app[keys.STORE], app[keys.SETTINGS], app[keys.MODULES] = store, Settings(data=tmp_path), MODULES
        app[keys.HUB] = hub
        app.add_routes(page.routes)
        clients.append(TestClient(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    await write_evening(store)
    yield client
    for opened in clients:
        await opened.close()
    await hub.close()
    await follower.aclose()


ORGANIZER = Grant(role="organizer")
PATHS = ("", "?format=json", "/comments.csv", "/facts.parquet")


@pytest.mark.parametrize("path", PATHS)
async def test_only_its_host_and_organizers_may_read(open_as: Open, path: str) -> None:
    for grant, status in (
        (None, 400),
        (Grant(role="host", broadcast="OTHER"), 400),
        (Grant(role="host", broadcast=EVENING), 200),
        (ORGANIZER, 200),
    ):
        answer = await (await open_as(grant)).get(f"/report/{EVENING}{path}")
        assert answer.status == status


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("code", ["NOTHERE", "..%2F..%2Fetc", "a b"])
async def test_unknown_broadcasts_are_refused_and_leave_nothing_behind(
    open_as: Open, tmp_path: Path, code: str, path: str
) -> None:
    answer = await (await open_as(ORGANIZER)).get(f"/report/{code}{path}")
    assert (answer.status, await answer.json()) == (400, {"code": "unknown"})
    assert list(tmp_path.iterdir()) == []


async def test_formats(open_as: Open) -> None:
    client = await open_as(ORGANIZER)
    answer = await client.get(f"/report/{EVENING.lower()}?format=json")
    assert answer.content_type == "application/json"
    assert msgspec.json.decode(await answer.read(), type=shape.Report).comments.submitted == 10
    answer = await client.get(f"/report/{EVENING}")
    assert (answer.content_type, answer.headers["Content-Language"]) == ("text/html", "en")
    assert f'href="/report/{EVENING}/comments.csv"' in await answer.text()
    assert (await client.get(f"/report/{EVENING}?format=xml")).status == 400


async def test_the_csv_has_every_comment_and_no_formula(open_as: Open) -> None:
    answer = await (await open_as(ORGANIZER)).get(f"/report/{EVENING}/comments.csv")
    assert answer.content_type == "text/csv"
    text = (await answer.read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 10
    assert rows[0]["text"] == "为什么珊瑚会变白？"
    assert (rows[0]["votes"], rows[0]["progress"], rows[0]["answer"]) == ("2", "answered", "水温太高。")
    assert rows[0]["time_utc"] == "2026-11-22T11:20:00.000Z"
    [formula] = [row for row in rows if "HYPERLINK" in row["text"]]
    assert formula["text"] == '\'=HYPERLINK("http://x")'
    assert "v-a" not in text


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "＝1", "\u3000=1", "\ufeff=1", "\n=1"])
def test_what_starts_like_a_formula_is_quoted(text: str) -> None:
    assert cell(text) == "'" + text


def test_other_cells_stay_as_they_are() -> None:
    assert [cell(value) for value in ("a=1", "", None, 3, -2.5, True)] == ["a=1", "", "", "3", "-2.5", "true"]


async def test_the_parquet_file_is_the_whole_log(open_as: Open, store: Redis, tmp_path: Path) -> None:
    answer = await (await open_as(ORGANIZER)).get(f"/report/{EVENING}/facts.parquet")
    copy = tmp_path / "copy.parquet"
    copy.write_bytes(await answer.read())
    with duckdb.connect() as base:
        [(count,)] = base.read_parquet(str(copy)).aggregate("count(*)").fetchall()
    assert count == await store.xlen(broadcast_key(EVENING))
