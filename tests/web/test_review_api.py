"""Reviewing by programs: the queue and every act of the page, with its checks and roles, each once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from streamhub.facts import (
    BroadcastCreated,
    BroadcastOpened,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Reason,
    RestrictionLifted,
    ViewerRestricted,
)
from streamhub.live.admission import Grant
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey
from tests.web.application import Client, application, bearer, signed_in

MEI = Grant(role="moderator", broadcast="REEF", name="Mei")
BO = Grant(role="moderator", broadcast="REEF", name="Bo")


class Desk:
    """One open broadcast on the real application, and tools of several moderators."""

    def __init__(self, client: Client, store: Redis, data: Path) -> None:
        self.client, self.data = client, data
        self.log = broadcast_log(store, "REEF")
        self.number = 0
        self._tokens: dict[Grant, dict[str, str]] = {}

    def token(self, grant: Grant) -> dict[str, str]:
        """A tool keeps its token: another one, signed a second later, would be another tool."""
        return self._tokens.setdefault(grant, bearer(self.data, grant))

    async def held(self, text: str, viewer: str = "v-1") -> str:
        self.number += 1
        said = CommentSubmitted(viewer=viewer, nick="Ann", text=text)
        comment = (await self.log.append(said, once=f"c{self.number}")).id
        verdict = CommentJudged(comment=comment, action="hold", reasons=(Reason(code="contact", rule="wechat"),))
        await self.log.append(verdict, once=f"verdict:{comment}")
        return comment

    async def queue(self, grant: Grant = MEI, path: str = "") -> tuple[int, Any]:
        answer = await self.client.get(f"/api/broadcasts/REEF/review{path}", headers=self.token(grant))
        return answer.status, await answer.json()

    async def act(self, name: str, grant: Grant = MEI, **fields: object) -> tuple[int, Any]:
        self.number += 1
        fields.setdefault("once", f"attempt-{self.number}")
        path = f"/api/broadcasts/REEF/review/{name}"
        answer = await self.client.post(path, json=fields, headers=self.token(grant))
        return answer.status, await answer.json()

    async def facts(self, kind: type) -> list[Any]:
        return [entry.fact async for entry in self.log.all() if isinstance(entry.fact, kind)]


@pytest.fixture
async def desk(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> AsyncIterator[Desk]:
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="test"))
    await broadcast_log(store, "REEF").append(BroadcastOpened(by="test"), once="opened")
    async with application(valkey, tmp_path) as client:
        yield Desk(client, store, tmp_path)


async def test_the_queue_says_what_the_page_says(desk: Desk) -> None:
    earlier, held = await desk.held("hello all"), await desk.held("加薇 abc 领券")
    await desk.act("decide", comment=earlier, action="publish")
    status, body = await desk.queue()
    review = body["review"]
    assert (status, body["ok"], review["backlog"]) == (200, True, 1)
    assert [(view["id"], view["text"], view["reasons"]) for view in review["held"]] == [
        (held, "加薇 abc 领券", [{"code": "contact", "rule": "wechat"}])
    ]
    assert [(view["id"], view["by"]) for view in review["decided"]] == [(earlier, "moderator:Mei")]
    later = await desk.held("and this")
    assert [view["id"] for view in (await desk.queue(path=f"?after={later}"))[1]["review"]["held"]] == [held, later]
    status, body = await desk.queue(path="?after=yesterday")
    assert (status, body["error"]["field"]) == (400, "after")
    status, body = await desk.queue(path=f"/{held}")
    assert (status, body["case"]["id"]) == (200, held)
    assert [(row["id"], row["badge"]) for row in body["also"]] == [(later, "held"), (earlier, "shown")]
    status, body = await desk.queue(path="/1-1")
    assert (status, body["error"]["code"], body["error"]["field"]) == (404, "unknown", "comment")


async def test_publish_annotate_reject_and_undo(desk: Desk) -> None:
    one, two, three = [await desk.held(text) for text in ("one", "two", "three")]
    assert (await desk.act("decide", comment=one, action="publish", turn=""))[0] == 200
    card = {"fact": "It recovers.", "source": "NOAA, 2024", "url": "https://noaa.gov/reef"}
    assert (await desk.act("decide", comment=two, action="annotate", **card))[0] == 200
    status, rejected = await desk.act("decide", comment=three, action="reject", reason="an advertisement")
    decided = await desk.facts(CommentDecided)
    assert [(fact.action, fact.by, fact.reason) for fact in decided] == [
        ("publish", "moderator:Mei", ""),
        ("annotate", "moderator:Mei", ""),
        ("reject", "moderator:Mei", "an advertisement"),
    ]
    assert decided[1].note.fact_en == "It recovers."
    assert (await desk.queue())[1]["review"].get("held") is None
    assert (await desk.act("undo", BO, decision=rejected["id"]))[0] == 200
    assert [fact.by for fact in await desk.facts(DecisionUndone)] == ["moderator:Bo"]
    assert [view["id"] for view in (await desk.queue())[1]["review"]["held"]] == [three]
    status, body = await desk.act("undo", decision=rejected["id"])
    assert (status, body["error"]["code"], body["error"]["field"]) == (409, "conflict", "decision")


async def test_two_tools_never_collide_and_a_retry_changes_nothing_twice(desk: Desk) -> None:
    comment = await desk.held("who decides?")
    mine = {"comment": comment, "action": "publish", "turn": "", "once": "my-attempt"}
    status, first = await desk.act("decide", **mine)
    assert (status, first["repeated"]) == (200, False)
    assert await desk.act("decide", **mine) == (200, first | {"repeated": True})
    status, body = await desk.act("decide", BO, comment=comment, action="reject", turn="")
    assert (status, body["error"]["code"], body["error"]["limit"]) == (409, "conflict", "moderator:Mei")
    muting = {"comment": comment, "effect": "mute", "minutes": 5, "once": "my-muting"}
    assert (await desk.act("restrict", **muting))[1]["id"] == (await desk.act("restrict", **muting))[1]["id"]
    assert len(await desk.facts(CommentDecided)) == len(await desk.facts(ViewerRestricted)) == 1


@pytest.mark.parametrize("effect", ["mute", "slow", "ban"])
async def test_people_are_restricted_for_a_time_and_let_go(desk: Desk, effect: str) -> None:
    comment = await desk.held("spam")
    assert (await desk.act("restrict", comment=comment, effect=effect, minutes=10, reason="twice"))[0] == 200
    (restricted,) = (await desk.queue())[1]["review"]["restricted"]
    assert (restricted["effect"], restricted["by"], restricted["reason"]) == (effect, "moderator:Mei", "twice")
    (fact,) = await desk.facts(ViewerRestricted)
    assert (fact.viewer, fact.effect, restricted["until"]) == ("v-1", effect, fact.until_ms)
    assert (await desk.act("lift", viewer=restricted["viewer"], reason="it was a quotation"))[0] == 200
    (lifted,) = await desk.facts(RestrictionLifted)
    assert (lifted.by, lifted.reason) == ("moderator:Mei", "it was a quotation")
    assert "restricted" not in (await desk.queue())[1]["review"]


@pytest.mark.parametrize(
    ("name", "fields", "field", "status"),
    [
        ("decide", {"comment": "1-1", "action": "publish"}, "comment", 404),
        ("decide", {"action": "publish"}, "comment", 400),
        ("decide", {"comment": "HELD", "action": "delete"}, "action", 400),
        ("decide", {"comment": "HELD", "action": "annotate"}, "claim", 400),
        ("decide", {"comment": "HELD", "action": "annotate", "fact": "f", "source": "s", "url": "ftp:x"}, "url", 400),
        ("decide", {"comment": "HELD", "action": "publish", "twice": 1}, "twice", 400),
        ("restrict", {"comment": "HELD", "effect": "ban", "minutes": 0}, "minutes", 400),
        ("restrict", {"comment": "HELD", "effect": "silence", "minutes": 5}, "effect", 400),
        ("undo", {"decision": "1-1"}, "decision", 404),
        ("lift", {"viewer": "00000000"}, "viewer", 404),
        ("decide", {"comment": "HELD", "action": "publish", "once": "short"}, "once", 400),
    ],
)
async def test_what_is_wrong_is_named(
    desk: Desk, name: str, fields: dict[str, object], field: str, status: int
) -> None:
    held = await desk.held("something")
    given = {key: held if value == "HELD" else value for key, value in fields.items()}
    found, body = await desk.act(name, **given)
    assert (found, body["ok"], body["error"]["field"]) == (status, False, field)


async def test_only_who_moderates_this_broadcast_comes_in(desk: Desk) -> None:
    held = await desk.held("something")
    for grant in (Grant(role="moderator", broadcast="OTHER"), Grant(role="host", broadcast="OTHER")):
        assert (await desk.queue(grant))[0] == 403
        status, body = await desk.act("decide", grant, comment=held, action="publish")
        assert (status, body["error"]["code"]) == (403, "forbidden")
    assert (await desk.client.get("/api/broadcasts/REEF/review")).status == 403
    for grant in (Grant(role="host", broadcast="REEF"), Grant(role="organizer")):
        assert (await desk.queue(grant))[0] == 200
    path, cookies = "/api/broadcasts/REEF/review/decide", signed_in(desk.data, MEI)
    forged = await desk.client.post(path, data='{"comment": "1-1"}', cookies=cookies)
    assert (forged.status, (await forged.json())["error"]["field"]) == (400, "Content-Type")
    assert await desk.facts(CommentDecided) == []


async def test_a_link_becomes_a_token_once(desk: Desk) -> None:
    wanted = {"role": "moderator", "broadcast": "REEF", "name": "Tool"}
    made = await (await desk.client.post("/api/links", json=wanted, headers=bearer(desk.data))).json()
    address = f"/sign-in/{made['url'].rpartition('/')[2]}?format=json"
    given = await (await desk.client.post(address)).json()
    assert (given["ok"], given["role"], given["broadcast"]) == (True, "moderator", "REEF")
    desk.client.session.cookie_jar.clear()
    headers = {"Authorization": f"Bearer {given['token']}"}
    held = await desk.held("something")
    fields = {"comment": held, "action": "reject", "once": "by-the-tool"}
    answer = await desk.client.post("/api/broadcasts/REEF/review/decide", json=fields, headers=headers)
    assert answer.status == 200
    assert [fact.by for fact in await desk.facts(CommentDecided)] == ["moderator:Tool"]
    again = await desk.client.post(address)
    assert (again.status, (await again.json())["error"]["field"]) == (404, "token")
