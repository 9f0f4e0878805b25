"""A browser as it comes agrees to compressed frames, reads them beside plain ones, and compresses what it sends."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from streamhub.live import deflate, frames, websocket
from streamhub.live.deflate import ACCEPTED
from tests.browser.conftest import Open, Site
from tests.browser.test_watch import say


async def handshakes(page: Page) -> list[str]:
    """What the server answered to `Sec-WebSocket-Extensions`, from here on."""
    found: list[str] = []
    session = await page.context.new_cdp_session(page)

    def answered(event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        found.append(headers.get("sec-websocket-extensions", ""))

    session.on("Network.webSocketHandshakeResponseReceived", answered)
    await session.send("Network.enable")
    return found


async def test_chromium_compresses_and_reads_compressed_frames(
    site: Site, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressed: list[bytes] = []
    decompressed: list[bytes] = []
    monkeypatch.setattr(frames, "compress", lambda message: compressed.append(message) or deflate.compress(message))
    monkeypatch.setattr(
        websocket, "decompress", lambda *given: decompressed.append(given[0]) or deflate.decompress(*given)
    )
    page = await open_page()
    await expect(page.locator("#people")).to_contain_text("1 person")
    found = await handshakes(page)
    await page.reload()
    await expect(page.locator("#people")).to_contain_text("1 person")
    for text in ("好美的珊瑚", "look at the colours"):
        await say(page, text)
        await expect(page.locator("#own-comments")).to_contain_text("Checking…")
        await site.publish(await site.latest())
        await expect(page.locator("#comment-list")).to_contain_text(text)
    assert found == [ACCEPTED]
    assert len(compressed) == 2 and decompressed, "each comment in a frame of its own, and what was said"
