"""One-time sign-in links: made by organizers and the command line, used up on `/sign-in/TOKEN`.

The store keeps a SHA-256 of the token, the grant and an expiry; whoever reads the store cannot sign in.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import cast

import msgspec
from redis.asyncio import Redis

from streamhub.live.admission import Grant

LINK_SECONDS = 7 * 86400
LINK_SECONDS_LIMIT = 30 * 86400


async def make_link(store: Redis, base_url: str, grant: Grant, seconds: int = LINK_SECONDS) -> str:
    """A new address that signs one person in, once, within `seconds`."""
    token = secrets.token_urlsafe(24)
    await store.set(_key(token), msgspec.json.encode(grant), ex=seconds)
    return f"{base_url.rstrip('/')}/sign-in/{token}"


async def peek(store: Redis, token: str) -> Grant | None:
    """What the link would grant, without using it up; None if it is used, expired or was never made."""
    return _grant(cast("bytes | None", await store.get(_key(token))))


async def consume(store: Redis, token: str) -> Grant | None:
    """Take the grant: of several who try at once, exactly one gets it."""
    return _grant(cast("bytes | None", await store.getdel(_key(token))))


def _key(token: str) -> str:
    return "streamhub:link:" + hashlib.sha256(token.encode()).hexdigest()


def _grant(kept: bytes | None) -> Grant | None:
    return msgspec.json.decode(kept, type=Grant) if kept else None
