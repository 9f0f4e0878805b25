"""Fixtures for every test: a real Valkey for the session, flushed for each test that asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamhub.record.store import EmbeddedValkey, connect


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
