"""An append that was not confirmed but happened: whatever is tried again with the same `once` is not done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from streamhub.campaign_facts import CampaignCreated, CampaignOpened
from streamhub.commands import CampaignAct, Refused
from streamhub.facts import ViewerJoined
from streamhub.live.admission import Person
from streamhub.live.campaigns import Campaigns
from streamhub.record.directory import create_campaign
from streamhub.record.log import NotRecorded, broadcast_log, campaign_log
from streamhub.record.store import EmbeddedValkey, connect_follower, takes_writes
from streamhub.state.projection import Entry
from web import trips
from web.app import MODULES

ANN = Person(viewer="v-ann")
FACT = ViewerJoined(viewer="v-ann")


class Rung(msgspec.Struct, frozen=True, tag="rung"):
    """One of the facts of an act that has several."""

    number: int


class Climb(msgspec.Struct, frozen=True, tag="climb", forbid_unknown_fields=True):
    """Two more rungs, up to four."""


class Ladder:
    """A campaign module whose act leads to several facts, and is refused once they are all there."""

    name = "ladder"
    facts: Any = CampaignCreated | CampaignOpened | Rung
    acts: Any = Climb
    boards = ()
    basis = None

    def initial(self) -> list[int]:
        return []

    def evolve(self, state: list[int], entry: Entry) -> set[str]:
        if isinstance(entry.fact, Rung):
            state.append(entry.fact.number)
        return set()

    def decide(self, state: list[int], act: Any, *, actor: Any, now: int) -> list[Rung]:
        return [Rung(len(state) + 1), Rung(len(state) + 2)] if len(state) < 4 else []

    def scores(self, state: list[int], members: Any) -> dict[str, dict[str, float]]:
        return {}

    def figures(self, state: list[int]) -> tuple[()]:
        return ()

    def mine(self, state: list[int], person: str) -> dict[str, int]:
        return {"rungs": len(state)}


@pytest.fixture
async def campaigns(valkey: EmbeddedValkey, store: Redis) -> AsyncIterator[Campaigns]:
    follower = connect_follower(valkey.url)

    async def nobody(_: object) -> None:
        return

    campaigns = Campaigns(store, follower, {"ladder": Ladder(), **MODULES}, nobody)  # type: ignore[dict-item]
    yield campaigns
    await campaigns.close()
    await follower.aclose()


async def create(store: Redis, campaign: str, module: str) -> None:
    fact = CampaignCreated(
        id=campaign, module=module, title="Week", by="o", starts_on="2020-01-01", ends_on="2099-12-31"
    )
    await create_campaign(store, fact)
    await campaign_log(store, campaign).append(CampaignOpened(by="o"), once="open")


async def test_facts_of_one_act_are_all_there_or_none(campaigns: Campaigns, store: Redis) -> None:
    """Also where the first ones would change what the others are, and where a retry would be refused."""
    await create(store, "CLIMB", "ladder")
    log = campaign_log(store, "CLIMB", Ladder.facts)

    async def climb(once: str) -> Any:
        return await campaigns.record(ANN, "", CampaignAct(once=once, campaign="CLIMB", act={"type": "climb"}))

    for once, wanted in (("first-try", [1, 2]), ("second-try", [1, 2, 3, 4])):
        done = await climb(once)
        again = await climb(once)
        assert (done.repeated, again.repeated, again.id) == (False, True, done.id)
        assert [entry.fact.number for entry in await log.read() if isinstance(entry.fact, Rung)] == wanted
        assert (await log.last_id()) == done.id
    with pytest.raises(Refused, match="nothing changed"):
        await climb("third-try")


async def test_a_file_sent_again_after_a_break_repeats_every_row(
    campaigns: Campaigns, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the clock was set back meanwhile, so that its days would now be refused as not come yet."""
    await create(store, "WEEK", "travel")
    live = await campaigns.get("WEEK")
    rows = "".join(f"Ann {km},Blue,2026-11-20,bike,{km}\n" for km in range(1, 8))
    file = f"person,team,date,mode,km\n{rows}".encode()
    monkeypatch.setattr(time, "time", lambda: at(2026, 11, 20))
    first = await trips.record(store, live, file)
    assert (first.accepted, first.repeated) == (7, 0), first
    monkeypatch.setattr(time, "time", lambda: at(2026, 11, 18))
    second = await trips.record(store, live, file)
    assert (second.accepted, second.repeated, second.errors) == (0, 7, [])


def at(year: int, month: int, day: int) -> float:
    return datetime(year, month, day, 12, tzinfo=UTC).timestamp()


async def test_what_a_paused_store_takes_after_all_is_known_to_a_retry(valkey: EmbeddedValkey, store: Redis) -> None:
    """The command waits in the socket's buffer while the caller is told that nothing was confirmed."""
    log = broadcast_log(store, "REEF")
    await log.append(FACT, once="before")
    os.kill(valkey.pid or 0, signal.SIGSTOP)
    try:
        with pytest.raises(NotRecorded) as refused:
            await log.append(FACT, once="slow")
        assert "try again" in refused.value.advice and "disk" not in refused.value.advice
    finally:
        os.kill(valkey.pid or 0, signal.SIGCONT)
    async with asyncio.timeout(10):
        while not await log.known("slow"):
            await asyncio.sleep(0.02)
    again = await log.append(FACT, once="slow")
    assert (again.fresh, len(await log.read())) == (False, 2)


async def test_a_store_that_refuses_says_so_and_still_knows(valkey: EmbeddedValkey, store: Redis) -> None:
    log = broadcast_log(store, "REEF")
    done = await log.append(FACT, once="before")
    assert await takes_writes(store)
    await store.config_set("min-replicas-to-write", 1)
    try:
        assert not await takes_writes(store)
        with pytest.raises(NotRecorded) as refused:
            await log.append(FACT, once="now")
        assert "disk" in refused.value.advice
        assert (await log.append(FACT, once="before")).id == done.id, "a retry of what was kept is not refused"
    finally:
        await store.config_set("min-replicas-to-write", 0)
    assert await log.known("now") is None
