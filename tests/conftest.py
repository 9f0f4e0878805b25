"""Fixtures for every test: a real Valkey for the session, flushed for each test that asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from streamhub.record.store import EmbeddedValkey, connect

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
