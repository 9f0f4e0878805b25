"""The real application over the test's store, for tests that talk HTTP without a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from streamhub.live.admission import ROLE_COOKIE, Grant, Signer
from streamhub.record.store import EmbeddedValkey
from web.app import create_app
from web.settings import Settings

Client = TestClient[Any, Any]


@asynccontextmanager
async def application(valkey: EmbeddedValkey, data: Path, **settings: Any) -> AsyncIterator[Client]:
    """A client without any role; pages and redirects come as they are."""
    client: Client = TestClient(TestServer(create_app(Settings(data=data, store=valkey.url, **settings))))
    async with client:
        yield client


def role(data: Path, grant: Grant) -> str:
    return Signer((data / "secret.key").read_text().strip()).role_token(grant)


def bearer(data: Path, grant: Grant | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {role(data, grant or Grant(role='organizer', name='Lin'))}"}


def signed_in(data: Path, grant: Grant | None = None) -> dict[str, str]:
    return {ROLE_COOKIE: role(data, grant or Grant(role="organizer", name="Lin"))}
