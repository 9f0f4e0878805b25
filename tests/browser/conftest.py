"""A real server on the test's store, and a real Chromium. `tests/browser/install.sh` gets the browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page
from redis.asyncio import Redis

from streamhub.facts import (
    Action,
    BroadcastCreated,
    BroadcastOpened,
    CommentJudged,
    CommentSubmitted,
    Note,
    Reason,
    ReasonCode,
    Stage,
)
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey
from web.app import create_app
from web.settings import Settings

CODE = "REEF-TEST"

NOTE = Note(
    claim="heat",
    claim_zh="珊瑚白化就是死亡",
    claim_en="Bleached coral is dead",
    fact_zh="白化的珊瑚还活着；水温回落后可能恢复。",
    fact_en="Bleached coral is still alive and can recover when the water cools.",
    source="NOAA Ocean Service",
    url="https://oceanservice.noaa.gov/facts/coral_bleach.html",
)


class Site:
    """One broadcast on a running server, and the hand of a moderator."""

    def __init__(self, address: str, store: Redis) -> None:
        self.address = address
        self.store = store
        self.log = broadcast_log(store, CODE)

    @property
    def page(self) -> str:
        return f"{self.address}/b/{CODE}"

    async def publish(self, comment: str, note: Note | None = None, applause: str = "") -> None:
        action: Action = "annotate" if note else "publish"
        verdict = CommentJudged(comment=comment, action=action, note=note, applause=applause)
        await self.log.append(verdict, once=f"verdict:{comment}")

    async def hold(self, comment: str, reason: ReasonCode = "contact") -> None:
        held = CommentJudged(comment=comment, action="hold", reasons=(Reason(code=reason),))
        await self.log.append(held, once=f"verdict:{comment}")

    async def latest(self) -> str:
        """Id of the comment that came last."""
        ids = [entry.id async for entry in self.log.all() if isinstance(entry.fact, CommentSubmitted)]
        return ids[-1]


@pytest.fixture
async def site(valkey: EmbeddedValkey, store: Redis, tmp_path: Path) -> AsyncIterator[Site]:
    await create_broadcast(
        store, BroadcastCreated(code=CODE, title="潜入大堡礁 · A dive at the reef", by="test", stage=Stage(kind="demo"))
    )
    await broadcast_log(store, CODE).append(BroadcastOpened(by="test"), once="opened")
    runner = web.AppRunner(create_app(Settings(data=tmp_path, store=valkey.url)), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield Site(f"http://{host}:{port}", store)
    await runner.cleanup()


REFUSED = ("/go?", "/rules/", "/reports", "/appeals", "/comments")
"""Addresses that a test is refused at: the browser says of each 400 or 404 that it is one, rightly."""

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
async def open_page(chromium: Browser, site: Site) -> AsyncIterator[Open]:
    """`await open_page(width=390, locale="zh-CN", java_script_enabled=False)`: the viewer's page in a fresh profile.

    Whatever the page writes to its console as an error fails the test at its end."""
    complaints: list[str] = []

    def heard(said: ConsoleMessage) -> None:
        if said.type == "error" and not any(part in said.location["url"] for part in REFUSED):
            complaints.append(said.text)

    contexts: list[BrowserContext] = []

    async def open_(path: str = "", *, width: int = 1280, height: int = 844, **options: Any) -> Page:
        options.setdefault("locale", "en-GB")
        context = await chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", heard)
        await page.goto(site.address + path if path else site.page)
        return page

    yield open_
    for context in contexts:
        await context.close()
    assert complaints == []
