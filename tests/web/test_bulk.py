"""Deciding all that is listed in one go, by the plain form, and taking all of it back."""

from __future__ import annotations

import re
from pathlib import Path

from redis.asyncio import Redis

from streamhub.facts import (
    BroadcastCreated,
    BroadcastOpened,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Reason,
)
from streamhub.live.admission import Grant
from streamhub.live.queue import REVIEW_LIMIT
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey
from tests.web.application import application, signed_in

MOST = REVIEW_LIMIT
ITEM = re.compile(r'name="item" value="([0-9]+-[0-9]+ [0-9-]*)"')
DECISION = re.compile(r'name="decision" value="([0-9]+-[0-9]+)"')


async def test_as_many_as_are_listed_are_decided_and_taken_back_at_once(
    valkey: EmbeddedValkey, store: Redis, tmp_path: Path
) -> None:
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    log = broadcast_log(store, "REEF")
    await log.append(BroadcastOpened(by="test"), once="open")
    for number in range(MOST + 5):
        said = CommentSubmitted(viewer=f"v-{number}", nick="n", text=f"text {number}")
        comment = (await log.append(said, once=f"say {number}")).id
        held = CommentJudged(comment=comment, action="hold", reasons=(Reason(code="promotion"),))
        await log.append(held, once=f"judge {number}")
    async with application(valkey, tmp_path) as client:
        client.session.cookie_jar.update_cookies(signed_in(tmp_path, Grant(role="moderator", broadcast="REEF")))
        page = await (await client.get("/host/REEF?show=held")).text()
        items = ITEM.findall(page)
        assert len(items) == MOST
        form = [("once", "bulk-0001"), ("action", "reject"), ("show", "held"), *(("item", item) for item in items)]
        after = await client.post("/host/REEF/bulk", data=form)
        assert after.status == 200
        text = await after.text()
        assert f"{MOST} comments" in text and len(ITEM.findall(text)) == 5
        back = DECISION.findall(text.partition('class="lanes"')[0])
        assert len(back) == MOST
        undo = [("once", "undo-0001"), ("show", "held"), *(("decision", decision) for decision in back)]
        assert len(ITEM.findall(await (await client.post("/host/REEF/undo", data=undo)).text())) == MOST
    facts = [entry.fact async for entry in log.all()]
    assert sum(isinstance(fact, CommentDecided) for fact in facts) == MOST
    assert sum(isinstance(fact, DecisionUndone) for fact in facts) == MOST
