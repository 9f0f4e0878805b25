"""The JSON API as programs use it: roles, refusals that name field and limit, retries, the log, the import."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from streamhub.live.admission import Grant
from streamhub.record.log import campaign_log
from streamhub.record.store import EmbeddedValkey
from tests.web.application import Client, application, bearer, signed_in

REEF = {"code": "REEF-2026", "title": "Coral reef evening", "stage": {"kind": "demo"}}
WEEK = {"id": "GREEN-WEEK", "title": "Travel week", "starts_on": "2020-11-16", "ends_on": "2099-11-22"}


class Api:
    def __init__(self, client: Client, data: Path) -> None:
        self.client, self.data = client, data
        self.token = bearer(data)  # kept: one that is signed a second later would be another tool

    async def post(self, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        options.setdefault("headers", self.token)
        answer = await self.client.post(f"/api/{path}", json=body, **options)
        return answer.status, await answer.json()

    async def get(self, path: str) -> tuple[int, Any]:
        answer = await self.client.get(f"/api/{path}", headers=self.token)
        return answer.status, await answer.json()

    async def send(self, path: str, text: str) -> Any:
        headers = self.token | {"Content-Type": "text/csv"}
        return await (await self.client.post(f"/api/{path}", data=text.encode(), headers=headers)).json()


@pytest.fixture
async def api(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> AsyncIterator[Api]:
    async with application(valkey, tmp_path) as client:
        yield Api(client, tmp_path)


async def test_health_is_open_to_everybody(api: Api) -> None:
    answer = await api.client.get("/api/health")
    body = await answer.json()
    assert (answer.status, body["ok"], body["store"]) == (200, True, "ok")
    assert abs(body["time_ms"] - body["store_time_ms"]) < 5000
    assert body["version"]


async def test_only_organizers_come_in(api: Api) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer forged"},
        bearer(api.data, Grant(role="host", broadcast="REEF-2026")),
    ):
        status, body = await api.post("broadcasts", REEF, headers=headers)
        assert (status, body["ok"], body["error"]["code"]) == (403, False, "forbidden")


async def test_a_cookie_counts_only_with_a_body_that_no_other_site_can_send(api: Api) -> None:
    cookies = signed_in(api.data)
    forged = await api.client.post("/api/broadcasts", data=json.dumps(REEF), cookies=cookies, headers={
        "Content-Type": "text/plain"})  # fmt: skip
    assert (forged.status, (await forged.json())["error"]["field"]) == (400, "Content-Type")
    status, _ = await api.post("broadcasts", REEF, headers={}, cookies=cookies)
    assert status == 201


async def test_a_broadcast_is_created_once_opened_and_closed(api: Api) -> None:
    status, made = await api.post("broadcasts", REEF)
    assert (status, made["ok"]) == (201, True)
    assert made["links"]["viewer"].endswith("/b/REEF-2026")
    assert await api.post("broadcasts", REEF) == (200, made | {"repeated": True})
    status, taken = await api.post("broadcasts", REEF | {"title": "Another"})
    assert (status, taken["error"]["code"], taken["error"]["field"]) == (409, "conflict", "code")
    for path, status in (("close", 409), ("open", 200), ("open", 409), ("close", 200), ("close", 409), ("open", 200)):
        assert (await api.post(f"broadcasts/REEF-2026/{path}"))[0] == status
    _, listed = await api.get("broadcasts")
    assert [(one["code"], one["status"]) for one in listed["broadcasts"]] == [("REEF-2026", "open")]
    assert (await api.get("broadcasts/REEF-2026"))[1]["broadcast"]["people"] == 0
    assert (await api.get("broadcasts/NOWHERE"))[0] == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "reef"}, "code"),
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"surprise": 1}, "surprise"),
        ({"starts_at": -1}, "starts_at"),
        ({"campaigns": ["NO-SUCH"]}, "campaigns"),
        ({"stage": {"kind": "hls", "source": "javascript:alert(1)"}}, "source"),
        ({"stage": {"kind": "youtube", "source": "https://example.org/"}}, "source"),
        ({"stage": {"kind": "bilibili", "source": "12"}}, "source"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, change: dict[str, Any], field: str) -> None:
    status, body = await api.post("broadcasts", REEF | change)
    assert (status, body["error"]["code"], body["error"]["field"]) == (400, "invalid", field)


@pytest.mark.parametrize(
    ("kind", "source", "kept"),
    [
        ("youtube", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=3", "dQw4w9WgXcQ"),
        ("youtube", "https://youtu.be/dQw4w9WgXcQ?si=x", "dQw4w9WgXcQ"),
        ("youtube", "https://www.youtube.com/live/dQw4w9WgXcQ", "dQw4w9WgXcQ"),
        ("bilibili", "https://www.bilibili.com/video/BV1xx411c7mD/?p=1", "BV1xx411c7mD"),
        ("hls", "https://cdn.example.org/live/reef.m3u8", "https://cdn.example.org/live/reef.m3u8"),
        ("none", "left over", ""),
    ],
)
async def test_pasted_addresses_become_what_the_player_needs(api: Api, kind: str, source: str, kept: str) -> None:
    await api.post("broadcasts", REEF | {"stage": {"kind": kind, "source": source}})
    _, body = await api.get("broadcasts/REEF-2026")
    assert body["broadcast"]["stage"].get("source", "") == kept


async def test_the_log_comes_as_lines_after_a_position(api: Api) -> None:
    _, made = await api.post("broadcasts", REEF)
    _, opened = await api.post("broadcasts/REEF-2026/open")
    answer = await api.client.get("/api/broadcasts/REEF-2026/log", headers=bearer(api.data))
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert [(line["id"], line["fact"]["type"]) for line in lines] == [
        (made["id"], "broadcast_created"), (opened["id"], "broadcast_opened")]  # fmt: skip
    assert lines[1]["fact"]["by"] == "organizer:Lin"
    rest = await api.client.get(f"/api/broadcasts/REEF-2026/log?after={made['id']}", headers=bearer(api.data))
    assert [json.loads(line)["id"] for line in (await rest.text()).splitlines()] == [opened["id"]]
    assert (await api.get("broadcasts/REEF-2026/log?after=soon"))[1]["error"]["field"] == "after"
    assert (await api.get("broadcasts/NOWHERE/log"))[0] == 404


async def test_a_link_is_made_for_a_broadcast_that_is_there(api: Api) -> None:
    status, refused = await api.post("links", {"role": "host", "broadcast": "NOWHERE"})
    assert (status, refused["error"]["field"]) == (404, "broadcast")
    await api.post("broadcasts", REEF)
    status, made = await api.post("links", {"role": "host", "broadcast": "REEF-2026", "name": "Mei"})
    assert (status, made["ok"]) == (201, True)
    path = "/sign-in/" + made["url"].rpartition("/")[2]
    assert (await api.client.post(path, allow_redirects=False)).headers["Location"] == "/host/REEF-2026"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends_on": "2020-11-15"}, "ends_on"),
        ({"starts_on": "2026-02-30"}, "starts_on"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"module": "chess"}, "module"),
    ],
)
async def test_a_campaign_that_cannot_be_is_refused(api: Api, change: dict[str, str], field: str) -> None:
    status, body = await api.post("campaigns", WEEK | change)
    assert (status, body["error"]["field"]) == (400, field)


async def test_a_file_of_trips_is_recorded_once_and_its_errors_are_told_by_line(api: Api, store: Redis) -> None:
    rows = (
        "person,team,date,mode,km\nann,Reef,2026-01-05,bike,4\nann,Reef,2026-01-05,bike,5\nbo,Reef,2026-01-05,bike,x\n"
    )
    await api.post("campaigns", WEEK)
    assert (await api.send("campaigns/GREEN-WEEK/import", rows))["error"]["code"] == "closed"
    assert (await api.post("campaigns/GREEN-WEEK/open"))[0] == 200
    assert (await api.post("campaigns/GREEN-WEEK/open"))[0] == 409
    first = await api.send("campaigns/GREEN-WEEK/import", rows)
    assert (first["accepted"], first["repeated"]) == (2, 0)
    assert [(error["line"], error["field"]) for error in first["errors"]] == [(4, "km")]
    again = await api.send("campaigns/GREEN-WEEK/import", rows)
    assert (again["accepted"], again["repeated"]) == (0, 2)
    assert await store.xlen(campaign_log(store, "GREEN-WEEK").key) == 4
    too_much = await api.send("campaigns/GREEN-WEEK/import", "x" * (2 * 1024 * 1024 + 1))
    assert (too_much["error"]["field"], too_much["error"]["limit"]) == ("body", "<= 2097152 bytes")


async def test_a_campaign_closes_and_takes_no_more(api: Api) -> None:
    await api.post("campaigns", WEEK)
    await api.post("campaigns/GREEN-WEEK/open")
    assert (await api.post("campaigns/GREEN-WEEK/close"))[0] == 200
    _, listed = await api.get("campaigns")
    assert [(one["id"], one["status"]) for one in listed["campaigns"]] == [("GREEN-WEEK", "closed")]
