"""A page shows at least what the form before it did, whichever hub process answers.

Used by `app.py` where several hubs share a port: the answer to a form names the entry that its hub stood at, in a
cookie of seconds, and the page that follows waits until its own hub has come as far.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from streamhub.commands import Code, EntryId, Refused
from web import keys

COOKIE = "streamhub_seen"
COOKIE_SECONDS = 10


class Seen(msgspec.Struct, frozen=True):
    """`entry` of the log of the broadcast `code`."""

    code: Code
    entry: EntryId


@web.middleware
async def at_least(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    code = request.match_info.get("code", "")
    if keys.NEIGHBOURS not in request.app or not code:
        return await handler(request)
    if request.method == "GET" and COOKIE in request.cookies:
        await _wait(request, code)
    response = await handler(request)
    if request.method == "POST" and response.status == 303:
        with contextlib.suppress(Refused):
            stands = (await request.app[keys.HUB].room(code)).state.as_of
            response.set_cookie(COOKIE, f"{code}:{stands}", max_age=COOKIE_SECONDS, httponly=True, samesite="Lax")
    return response


async def _wait(request: web.Request, code: str) -> None:
    """Bounded by the room's own patience; a cookie that is not ours changes nothing."""
    named, _, entry = request.cookies[COOKIE].partition(":")
    with contextlib.suppress(msgspec.ValidationError, Refused, TimeoutError):
        seen = msgspec.convert({"code": named, "entry": entry}, Seen)
        if seen.code == code:
            await (await request.app[keys.HUB].room(code)).reached(seen.entry)
