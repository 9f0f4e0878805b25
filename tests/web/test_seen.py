"""A form answered by one hub, the page after it by another that lags: the page shows what the form did."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentJudged, CommentSubmitted
from streamhub.live import follow
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey
from streamhub.state.projection import position
from tests.web.application import application
from web.seen import COOKIE


async def test_the_next_page_waits_until_its_hub_is_as_far(
    valkey: EmbeddedValkey, store: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "TICK_SECONDS", 1.5)
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    log = broadcast_log(store, "REEF")
    await log.append(BroadcastOpened(by="organizer"), once="open")
    question = await log.append(
        CommentSubmitted(viewer="v-bo", nick="Bo", text="Will it recover?", kind="question"), once="question"
    )
    await log.append(CommentJudged(comment=question.id, action="publish"), once="verdict")
    async with AsyncExitStack() as both:
        one, other = [
            await both.enter_async_context(application(valkey, tmp_path, hub=name)) for name in ("hub-1", "hub-2")
        ]
        for client in (one, other):
            assert "Will it recover?" in await (await client.get("/b/REEF")).text()
        form = {"once": "vote-0001", "question": question.id}
        voted = await one.post("/b/REEF/votes", data=form, allow_redirects=False)
        code, _, entry = voted.cookies[COOKIE].value.partition(":")
        assert (voted.status, code) == (303, "REEF")
        assert position(entry) == position(await log.last_id()), "the vote is the last entry, and shown"

        # the other hub rests after an entry that it has just taken; what comes meanwhile it does not know yet
        said = CommentSubmitted(viewer="v-bo", nick="Bo", text="It does", once="once-0001")
        later = await log.append(said, once="later")
        shown = await log.append(CommentJudged(comment=later.id, action="publish"), once="verdict-2")
        answer = await other.get("/b/REEF", headers={"Cookie": f"{COOKIE}=REEF:{shown.id}"})
        assert "It does" in await answer.text()
        for nonsense in ("REEF:x", "", "OTHER:1-1", f"reef:{shown.id}"):
            assert (await other.get("/b/REEF", headers={"Cookie": f"{COOKIE}={nonsense}"})).status == 200
