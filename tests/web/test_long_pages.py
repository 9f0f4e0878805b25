"""A page of many questions is made in slices, between which others get their turns, and is the same page."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentJudged, CommentSubmitted
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey
from tests.web.application import application
from web import render

QUESTIONS = 60
TOKEN = re.compile(r'(name="once" value=")[^"]+')


async def test_others_get_their_turns_while_a_long_page_is_made(
    valkey: EmbeddedValkey, store: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    log = broadcast_log(store, "REEF")
    await log.append(BroadcastOpened(by="organizer"), once="open")
    asked = [
        CommentSubmitted(viewer="v-bo", nick="Bo", text=f"Why number {number}?", kind="question")
        for number in range(QUESTIONS)
    ]
    before = await log.last_id()
    await log.append(*asked, once="asked")
    names = [entry.id for entry in await log.read(before)]
    await log.append(*(CommentJudged(comment=name, action="publish") for name in names), once="judged")
    made: list[int] = []
    go_on = render._go_on

    def slice_of(making: object, text: list[str]) -> bool:
        made.append(turns)
        return go_on(making, text)  # type: ignore[arg-type]

    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with application(valkey, tmp_path) as client:
        monkeypatch.setattr(render, "SLICE_SECONDS", 3600.0)
        at_once = await (await client.get("/b/REEF")).text()
        monkeypatch.setattr(render, "SLICE_SECONDS", -1.0)  # every piece of it is a slice
        monkeypatch.setattr(render, "_go_on", slice_of)
        counting = asyncio.create_task(count())
        in_slices = await (await client.get("/b/REEF")).text()
        counting.cancel()
    assert all(f"Why number {number}?" in in_slices for number in range(QUESTIONS))
    assert TOKEN.sub(r"\1", in_slices) == TOKEN.sub(r"\1", at_once)
    assert len(made) > QUESTIONS and len(set(made)) == len(made), "no two slices in one turn"
