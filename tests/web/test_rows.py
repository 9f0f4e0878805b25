"""Decisions as training rows: only with consent, only what a person decided and why, never who said it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from streamhub.facts import (
    BroadcastCreated,
    CommentDecided,
    CommentJudged,
    CommentReported,
    CommentSubmitted,
    DecisionUndone,
    Reason,
    TrainingConsented,
)
from streamhub.live.admission import Grant
from streamhub.record.directory import create_broadcast
from streamhub.record.log import Log, broadcast_log
from streamhub.record.store import EmbeddedValkey
from tests.streamhub.histories import NOTE
from tests.web.application import Client, application, bearer
from web import keys

ROWS = "/api/broadcasts/REEF/rows"


@pytest.fixture
async def client(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> AsyncIterator[Client]:
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    async with application(valkey, tmp_path) as client:
        yield client


class Told:
    """A log to which things are said, judged and decided."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.count = 0

    async def add(self, fact: Any) -> str:
        self.count += 1
        return (await self.log.append(fact, once=f"step {self.count}")).id

    async def comment(self, text: str, code: Any, decided: Any, kind: Any = "comment") -> str:
        said = await self.add(CommentSubmitted(viewer="v-secret", nick="Ann", text=text, kind=kind))
        await self.add(CommentJudged(comment=said, action="hold", reasons=(Reason(code=code),)))
        note = NOTE if decided == "annotate" else None
        return await self.add(CommentDecided(comment=said, action=decided, by="host:Mei", note=note))


async def test_rows_say_what_people_decided_and_not_who_said_it(client: Client, store: Redis, tmp_path: Path) -> None:
    told = Told(broadcast_log(store, "REEF"))
    await told.comment("add me on the green app", "contact", "reject")
    await told.comment("珊瑚是植物", "claim", "annotate")
    await told.comment("is coral a plant?", "claim", "annotate", "question")
    await told.comment("我要骂人了", "unsure", "publish")
    await told.comment("nobody says why", "unsure", "reject")
    undone = await told.comment("taken back", "abuse", "reject")
    await told.add(DecisionUndone(decision=undone, by="host:Mei"))
    said = await told.add(CommentSubmitted(viewer="v-secret", nick="Ann", text="you fools", kind="comment"))
    await told.add(CommentJudged(comment=said, action="publish"))
    await told.add(CommentReported(comment=said, viewer="v-other", why="abuse"))
    await told.add(CommentDecided(comment=said, action="reject", by="host:Mei"))
    refused = await client.get(ROWS, headers=bearer(tmp_path))
    assert (refused.status, (await refused.json())["error"]["field"]) == (403, "training")
    consent = await told.add(TrainingConsented(given=True, by="organizer:Lin"))
    await (await client.app[keys.HUB].room("REEF")).reached(consent)  # type: ignore[index]
    answer = await client.get(ROWS, headers=bearer(tmp_path))
    text = await answer.text()
    assert [json.loads(line) for line in text.splitlines()] == [
        {"text": "add me on the green app", "label": "promotion", "lang": "en"},
        {"text": "珊瑚是植物", "label": "misinformation", "lang": "zh"},
        {"text": "is coral a plant?", "label": "ok", "lang": "en"},
        {"text": "我要骂人了", "label": "ok", "lang": "zh"},
        {"text": "you fools", "label": "abuse", "lang": "en"},
    ]
    assert "v-secret" not in text


async def test_what_was_erased_makes_no_row_though_it_is_still_known(
    client: Client, store: Redis, tmp_path: Path
) -> None:
    told = Told(broadcast_log(store, "REEF"))
    for text in ("forget me please", "keep this one"):
        await told.comment(text, "abuse", "reject")
    consent = await told.add(TrainingConsented(given=True, by="organizer:Lin"))
    room = await client.app[keys.HUB].room("REEF")  # type: ignore[index]
    await room.reached(consent)
    (secret,) = [comment.id for comment in room.state.comments.by_id.values() if comment.text == "forget me please"]
    await store.xdel(told.log.key, secret)
    answer = await client.get(ROWS, headers=bearer(tmp_path))
    assert [json.loads(line)["text"] for line in (await answer.text()).splitlines()] == ["keep this one"]


async def test_rows_are_for_organizers(client: Client, tmp_path: Path) -> None:
    for grant in (Grant(role="host", broadcast="REEF"), Grant(role="moderator", broadcast="REEF")):
        assert (await client.get(ROWS, headers=bearer(tmp_path, grant))).status == 403
    assert (await client.get(ROWS)).status == 403
