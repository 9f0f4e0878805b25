"""The words of a campaign: kept by organizers on its page and by their programs, read by hosts of its broadcasts."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from campaigns import travel
from streamhub.campaign_facts import CampaignCreated
from streamhub.facts import BroadcastCreated, WordListed, WordUnlisted
from streamhub.live.admission import Grant
from streamhub.live.policies import WORDS_LIMIT
from streamhub.record.directory import create_broadcast, create_campaign
from streamhub.record.log import campaign_log
from streamhub.record.store import EmbeddedValkey
from tests.web.application import Client, application, bearer, signed_in

PAGE = "/organize/campaign/GREEN-WEEK"


class Organizer:
    def __init__(self, client: Client, store: Redis, data: Path) -> None:
        self.client, self.data = client, data
        self.log = campaign_log(store, "GREEN-WEEK", travel.module.facts)
        self.number = 0
        self.token = bearer(data)  # kept: one that is signed a second later would be another tool

    async def api(self, act: str, **fields: object) -> tuple[int, Any]:
        self.number += 1
        body = {"once": f"attempt-{self.number}"} | fields
        path = f"/api/campaigns/GREEN-WEEK/words/{act}"
        answer = await self.client.post(path, json=body, headers=self.token)
        return answer.status, await answer.json()

    async def words(self) -> Any:
        answer = await self.client.get("/api/campaigns/GREEN-WEEK/words", headers=self.token)
        return (await answer.json())["words"]

    async def page(self, address: str = PAGE, grant: Grant | None = None) -> str:
        answer = await self.client.get(address, cookies=signed_in(self.data, grant), headers={"Accept-Language": "en"})
        assert answer.status == 200
        return await answer.text()

    async def form(self, act: str, grant: Grant | None = None, **fields: str) -> tuple[int, str]:
        self.number += 1
        answer = await self.client.post(
            f"{PAGE}/{act}",
            data={"once": f"attempt-{self.number}"} | fields,
            cookies=signed_in(self.data, grant),
            headers={"Accept-Language": "en"},
            allow_redirects=False,
        )
        return answer.status, await answer.text()

    async def facts(self) -> list[WordListed | WordUnlisted]:
        return [e.fact async for e in self.log.all() if isinstance(e.fact, WordListed | WordUnlisted)]


@pytest.fixture
async def organizer(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> AsyncIterator[Organizer]:
    week = CampaignCreated(
        id="GREEN-WEEK", module="travel", title="Travel week", by="test", starts_on="2026-01-01", ends_on="2026-12-31"
    )
    await create_campaign(store, week)
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="test", campaigns=("GREEN-WEEK",)))
    async with application(valkey, tmp_path) as client:
        yield Organizer(client, store, tmp_path)


async def test_a_word_is_listed_by_form_seen_by_hosts_and_taken_off(organizer: Organizer) -> None:
    status, _ = await organizer.form("list_word", word="Reef.org/give", effect="allow")
    assert status == 303
    assert await organizer.facts() == [WordListed(word="reef.org/give", effect="allow", by="organizer:Lin")]
    page = await organizer.page(PAGE + "?done=list_word")
    assert "reef.org/give" in page
    assert "Always allowed: reef.org/give" in page
    assert "Done. It holds from now on." in page
    rules = await organizer.page("/host/REEF/rules", Grant(role="host", broadcast="REEF"))
    assert "From the campaign Travel week, for all its broadcasts" in rules
    assert "reef.org/give" in rules
    assert 'unlist_word"><input' not in re.sub(r"\s", "", rules)  # it is the campaign's to take off
    status, _ = await organizer.form("unlist_word", word="reef.org/give")
    assert status == 303
    assert (await organizer.facts())[-1] == WordUnlisted(word="reef.org/give", by="organizer:Lin")
    assert "From the campaign" not in await organizer.page("/host/REEF/rules")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"word": "x", "effect": "allow"}, "A word has 2 to 60 letters"),
        ({"word": "y" * 61, "effect": "allow"}, "A word has 2 to 60 letters"),
        ({"word": "reef.org", "effect": "hold"}, "That is so already."),
    ],
)
async def test_a_refused_word_comes_back_with_the_reason(
    organizer: Organizer, fields: dict[str, str], said: str
) -> None:
    await organizer.api("list", word="reef.org", effect="hold")
    status, page = await organizer.form("list_word", **fields)
    assert status == 400
    assert said in page
    assert f'value="{fields["word"]}"' in page
    assert len(await organizer.facts()) == 1


async def test_programs_list_and_take_off_once(organizer: Organizer) -> None:
    listing = {"word": "reef.org", "effect": "allow", "once": "my-listing"}
    status, first = await organizer.api("list", **listing)
    assert (status, first["repeated"]) == (200, False)
    assert await organizer.api("list", **listing) == (200, first | {"repeated": True})
    assert await organizer.words() == {"reef.org": "allow"}
    for act, fields, status, field in (
        ("list", {"word": "reef.org", "effect": "allow"}, 409, "word"),
        ("list", {"word": "reef.org", "effect": "publish"}, 400, "effect"),
        ("list", {"word": "reef.org"}, 400, "effect"),
        ("unlist", {"word": "river.org"}, 404, "word"),
    ):
        found, body = await organizer.api(act, **fields)
        assert (found, body["error"]["field"]) == (status, field)
    assert (await organizer.api("unlist", word="reef.org"))[0] == 200
    assert await organizer.words() == {}
    path = "/api/campaigns/GREEN-WEEK/words/log"
    log = await organizer.client.get(path, headers=bearer(organizer.data))
    lines = [json.loads(line) for line in (await log.text()).splitlines()]
    assert [(line["fact"]["type"], line["fact"]["word"]) for line in lines] == [
        ("word_listed", "reef.org"), ("word_unlisted", "reef.org"),
    ]  # fmt: skip
    host = Grant(role="host", broadcast="REEF")
    assert (await organizer.client.get(path, headers=bearer(organizer.data, host))).status == 403


async def test_a_campaign_lists_no_more_than_a_broadcast(organizer: Organizer) -> None:
    facts = [WordListed(word=f"word {number}", effect="allow", by="test") for number in range(WORDS_LIMIT)]
    await organizer.log.append(*facts, once="many")
    status, body = await organizer.api("list", word="one more", effect="allow")
    assert (status, body["error"]["limit"]) == (409, f"<= {WORDS_LIMIT}")
    status, page = await organizer.form("list_word", word="one more", effect="allow")
    assert status == 400
    assert "The list is full. Take one off first." in page
    assert (await organizer.api("list", word="word 3", effect="hold"))[0] == 200


async def test_only_organizers_keep_it(organizer: Organizer) -> None:
    host = Grant(role="host", broadcast="REEF")
    assert (await organizer.form("list_word", host, word="reef.org", effect="allow"))[0] == 403
    path = "/api/campaigns/GREEN-WEEK/words"
    assert (await organizer.client.get(path, headers=bearer(organizer.data, host))).status == 403
    assert (await organizer.client.post(path + "/list", json={}, headers=bearer(organizer.data, host))).status == 403
    assert await organizer.facts() == []
