"""The HTTP interface as a program uses it: the command line, the replay's account, the demonstration.

A refusal or a missing answer becomes `Failed`, whose message is a sentence for people.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import msgspec

from streamhub.commands import Refusal
from streamhub.wire import Denied

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
"""How long the server may be silent; the report of a large broadcast is computed meanwhile."""

_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)


class Failed(Exception):
    """It could not be done. `refusal` is the server's own reason, None where there was no answer."""

    def __init__(self, message: str, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal


class Client:
    """One server, and an organizer's token for it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **params: str) -> bytes:
        return await self._ask("GET", path, params=params)

    async def post(self, path: str, body: object = None) -> bytes:
        """`body` as JSON; bytes are sent as CSV."""
        if isinstance(body, bytes):
            return await self._ask("POST", path, data=body, content_type="text/csv; charset=utf-8")
        return await self._ask("POST", path, data=msgspec.json.encode(body or {}), content_type="application/json")

    async def lines(self, path: str, **params: str) -> AsyncIterator[bytes]:
        """The answer line by line, without keeping it whole."""
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, read_bufsize=1 << 20, headers=self._headers) as session,
                session.get(self.url + path, params=params) as answer,
            ):
                if answer.status >= 400:
                    raise _failure(answer.status, await answer.read(), self.url + path)
                async for line in answer.content:
                    if line.strip():
                        yield line.strip()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Failed(_unreachable(self.url, error)) from error

    async def _ask(
        self, method: str, path: str, *, params: dict[str, str] | None = None, data: bytes = b"",
        content_type: str = "",
    ) -> bytes:  # fmt: skip
        headers = self._headers | ({"Content-Type": content_type} if content_type else {})
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.request(method, self.url + path, params=params, data=data or None, headers=headers) as answer,
            ):
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Failed(_unreachable(self.url, error)) from error
        if answer.status >= 400:
            raise _failure(answer.status, body, self.url + path)
        return body


def _unreachable(url: str, error: BaseException) -> str:
    return (
        f"No answer from {url} ({type(error).__name__}). Is it running? "
        "Start it with `streamhub serve`, or run `streamhub doctor` to see what is wrong."
    )


def _failure(status: int, body: bytes, url: str) -> Failed:
    try:
        refusal = msgspec.json.decode(body, type=Denied).error
    except msgspec.MsgspecError:
        return Failed(f"{url} answered with status {status} and no reason.")
    return Failed(sentence(refusal), refusal)


_PLAIN = {
    "Expected `str` of length <= ": "must have at most {} characters",
    "Expected `str` of length >= ": "must have at least {} character(s)",
    "Expected `array` of length <= ": "may name at most {}",
}
_CODE_FIELDS = ("code", "id", "campaigns", "campaign", "broadcast")


def sentence(refusal: Refusal) -> str:
    """A refusal as a plain sentence that names the field and the limit."""
    what = refusal.message or refusal.code
    for prefix, plain in _PLAIN.items():
        if what.startswith(prefix):
            what = plain.format(what.removeprefix(prefix))
    if "matching regex" in what:
        named = refusal.field.partition("[")[0] in _CODE_FIELDS
        what = "must be 3 to 24 capital letters, digits or hyphens" if named else "is not written as it should be"
    if refusal.retry_after is not None and "wait" not in what:
        what += f"; try again in {refusal.retry_after:g} seconds"
    return f"{refusal.field}: {what}." if refusal.field else f"{what[0].upper()}{what[1:]}."
