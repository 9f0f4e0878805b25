"""One-time sign-in: looking is free, pressing uses the link up, once; what is kept cannot sign anybody in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated
from streamhub.live.admission import ROLE_COOKIE, Grant
from streamhub.record.directory import create_broadcast
from streamhub.record.store import EmbeddedValkey
from tests.web.application import Client, application, signed_in
from web.links import make_link

HOST = Grant(role="host", broadcast="REEF-2026", name="Mei")


@pytest.fixture
async def client(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> AsyncIterator[Client]:
    async with application(valkey, tmp_path) as client:
        yield client


async def link(store: Redis, grant: Grant = HOST, seconds: int = 600) -> str:
    return await make_link(store, "", grant, seconds)


async def test_looking_at_a_link_does_not_use_it_up_and_pressing_its_button_signs_in(
    client: Client, store: Redis
) -> None:
    address = await link(store)
    for _ in range(3):
        preview = await client.get(address)
        assert preview.status == 200
        assert ROLE_COOKIE not in preview.cookies
        assert "REEF-2026" in await preview.text()
    pressed = await client.post(address, allow_redirects=False)
    assert (pressed.status, pressed.headers["Location"]) == (303, "/host/REEF-2026")
    cookie = pressed.cookies[ROLE_COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]


async def test_a_used_link_says_what_to_do(client: Client, store: Redis) -> None:
    address = await link(store)
    await client.post(address, allow_redirects=False)
    for answer in (await client.get(address), await client.post(address, allow_redirects=False)):
        assert answer.status == 404
        text = await answer.text()
        assert "This link no longer works" in text
        assert "How to get a new one" in text
        assert ROLE_COOKIE not in answer.cookies


async def test_of_many_who_press_at_once_one_gets_in(client: Client, store: Redis) -> None:
    address = await link(store)
    answers = await asyncio.gather(*(client.post(address, allow_redirects=False) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [303] + [404] * 19


async def test_the_store_holds_no_token_and_forgets_the_link_in_time(client: Client, store: Redis) -> None:
    address = await link(store, seconds=1)
    token = address.rpartition("/")[2]
    (key,) = await store.keys("streamhub:link:*")
    assert token not in key.decode() + (await store.get(key)).decode()
    await asyncio.sleep(1.2)
    assert (await client.post(address, allow_redirects=False)).status == 404


async def test_behind_https_the_cookie_is_secure(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> None:
    async with application(valkey, tmp_path, public_url="https://live.example.org") as client:
        answer = await client.post(await link(store), allow_redirects=False)
    assert answer.cookies[ROLE_COOKIE]["secure"]


async def test_who_may_do_all_of_it_already_is_told_to_leave_the_link(
    client: Client, store: Redis, tmp_path: Path
) -> None:
    text = await (await client.get(await link(store), cookies=signed_in(tmp_path))).text()
    assert "You are signed in here already" in text
    assert "Go on without using it" in text


async def test_pages_for_hosts_and_organizers_say_how_to_get_in(client: Client, tmp_path: Path) -> None:
    wrong_host = signed_in(tmp_path, Grant(role="host", broadcast="OTHER"))
    for path, cookies in (("/host/REEF-2026", {}), ("/host/REEF-2026", wrong_host), ("/organize", wrong_host)):
        answer = await client.get(path, cookies=cookies)
        assert answer.status == 403
        assert "one-time sign-in link" in await answer.text()


async def test_signing_out_takes_the_role_away(client: Client, tmp_path: Path) -> None:
    answer = await client.post("/sign-out", cookies=signed_in(tmp_path), allow_redirects=False)
    assert answer.status == 303
    assert answer.cookies[ROLE_COOKIE].value == ""


async def test_an_organizer_takes_back_the_roles_of_a_broadcast(client: Client, store: Redis, tmp_path: Path) -> None:
    """Signed in or not used yet: what was given before is void on every page. What is given afterwards holds."""
    for code in ("REEF-2026", "OTHER"):
        await create_broadcast(store, BroadcastCreated(code=code, title="Reef", by="organizer"))
    unused, organizer = await link(store), signed_in(tmp_path)
    broadcast = "REEF-2026"
    pages = [
        f"/host/{broadcast}",
        f"/host/{broadcast}/rules",
        f"/report/{broadcast}",
        f"/api/broadcasts/{broadcast}/review",
    ]
    assert await statuses(client, pages, signed_in(tmp_path, HOST)) == [200] * 4
    shown = await (await client.get("/organize/REEF-2026", cookies=organizer)).text()
    [once] = re.findall(r'name="once" value="([^"]+)"', shown)
    for cookies, status in ((signed_in(tmp_path, HOST), 403), (organizer, 303)):
        address = "/organize/REEF-2026/revoke"
        answer = await client.post(address, data={"once": once}, cookies=cookies, allow_redirects=False)
        assert answer.status == status
    assert await statuses(client, pages, signed_in(tmp_path, HOST)) == [403] * 4
    assert await statuses(client, [unused], {}) == [404]
    assert (await client.post(unused, allow_redirects=False)).status == 404
    elsewhere = signed_in(tmp_path, Grant(role="moderator", broadcast="OTHER"))
    assert await statuses(client, ["/host/OTHER"], elsewhere) == [200]

    made = await client.post("/organize/REEF-2026/link", data={"role": "host", "name": "Mei"}, cookies=organizer)
    [address] = re.findall(r'value="[^"]*(/sign-in/[^"]+)"', await made.text())
    pressed = await client.post(address, cookies={ROLE_COOKIE: ""}, allow_redirects=False)
    assert await statuses(client, pages, {ROLE_COOKIE: pressed.cookies[ROLE_COOKIE].value}) == [200] * 4


async def statuses(client: Client, paths: Sequence[str], cookies: dict[str, str]) -> list[int]:
    return [(await client.get(path, cookies=cookies)).status for path in paths]
