"""The JSON API for organizers' programs: `streamhub` on the command line, and scripts of their own.

Needs the organizer's role, as bearer token or cookie; only `/api/health` is open. Every refusal becomes a
`wire.Denied` with the status that fits (`app.py`). Requests with a cookie must have a JSON (or CSV) body type, which
another site's form cannot send.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from aiohttp import web
from redis.exceptions import RedisError

from streamhub.commands import (
    Command,
    CreateBroadcast,
    CreateCampaign,
    EntryId,
    Refused,
    refusal_of,
    refuse,
)
from streamhub.facts import Code
from streamhub.live.admission import Grant
from streamhub.live.views import broadcast_view
from streamhub.record import directory
from streamhub.record.log import broadcast_log
from streamhub.record.store import takes_writes
from streamhub.state.projection import START
from streamhub.wire import Accepted, CampaignView
from web import keys, links, programme, rows, trips

routes = web.RouteTableDef()

BODY_LIMIT = 64 * 1024
HEALTH_SECONDS = 2.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_T = TypeVar("_T")


class MakeLink(Command, frozen=True, kw_only=True):
    """A one-time sign-in link: for a host or moderator of `broadcast`, or an organizer. `name` is who it is for."""

    role: Literal["host", "moderator", "organizer"] = "host"
    broadcast: Annotated[str, msgspec.Meta(max_length=24)] = ""
    name: Annotated[str, msgspec.Meta(max_length=24)] = ""
    seconds: Annotated[int, msgspec.Meta(ge=60, le=links.LINK_SECONDS_LIMIT)] = links.LINK_SECONDS


def for_organizers(handler: Handler) -> Handler:
    """Refuse everybody else, and what another site's page may have sent."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if not request[keys.PERSON].organizes:
            raise refuse("forbidden", "this needs the organizer's role: sign in, or send the token as Bearer")
        if request.method == "POST":
            own_request(request)
        return await handler(request)

    return guarded


def answer(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


@routes.get("/api/health")
async def health(request: web.Request) -> web.Response:
    """200 and `ok` when the store answers and records, else 503. `store`: `ok`, `refuses` (it answers, but its disk or
    memory is full) or `unreachable`. `time_ms` is this machine's clock, `store_time_ms` the store's."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            seconds, micros = await request.app[keys.STORE].time()
            store = "ok" if await takes_writes(request.app[keys.STORE]) else "refuses"
        store_time = seconds * 1000 + micros // 1000
    except (RedisError, OSError, TimeoutError):
        store, store_time = "unreachable", None
    body = {"ok": store == "ok", "store": store, "time_ms": time.time_ns() // 1_000_000, "store_time_ms": store_time}
    return answer(body | {"version": version("streamhub")}, 200 if store == "ok" else 503)


# ── broadcasts ───────────────────────────────────────────────────────────────────────────────────


@routes.post("/api/broadcasts")
@for_organizers
async def create_broadcast(request: web.Request) -> web.Response:
    """Body `CreateBroadcast`; answers its log id and links. The same again is `repeated`, another of that code 409."""
    command = await body(request, CreateBroadcast)
    done = await programme.create_broadcast(request.app[keys.STORE], request[keys.PERSON].actor, command)
    return _created(done, links=_addresses(request, command.code))


@routes.get("/api/broadcasts")
@for_organizers
async def list_broadcasts(request: web.Request) -> web.Response:
    """All broadcasts, newest first, as in the next one."""
    codes = await directory.broadcasts(request.app[keys.STORE])
    return answer({"ok": True, "broadcasts": [await _broadcast(request, code) for code in codes]})


@routes.get("/api/broadcasts/{code}")
@for_organizers
async def show_broadcast(request: web.Request) -> web.Response:
    """`BroadcastView` with its numbers so far, times, addresses, and `as_of`."""
    return answer({"ok": True, "broadcast": await _broadcast(request, request.match_info["code"])})


@routes.post("/api/broadcasts/{code}/{change:open|close}")
@for_organizers
async def change_broadcast(request: web.Request) -> web.Response:
    """`Accepted`; 409 if it is open (or closed) already."""
    code, opening = request.match_info["code"], request.match_info["change"] == "open"
    return answer(await programme.set_broadcast_open(request.app, request[keys.PERSON].actor, code, opening))


@routes.get("/api/broadcasts/{code}/log")
@for_organizers
async def show_log(request: web.Request) -> web.StreamResponse:
    """The facts as JSON lines, oldest first, up to the present end."""
    store, code = request.app[keys.STORE], request.match_info["code"]
    if not await directory.broadcast_exists(store, code):
        raise refuse("unknown", f"there is no broadcast {code}", field="broadcast")
    after = checked(request.query.get("after") or START, EntryId, "after")
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
    await response.prepare(request)
    encoder, lines = msgspec.json.Encoder(), bytearray()
    async for entry in broadcast_log(store, code).all(after):
        lines += encoder.encode({"id": entry.id, "fact": entry.fact}) + b"\n"
        if len(lines) > BODY_LIMIT:
            await response.write(bytes(lines))
            lines.clear()
    await response.write_eof(bytes(lines))
    return response


@routes.get("/api/broadcasts/{code}/rows")
@for_organizers
async def training_rows(request: web.Request) -> web.Response:
    """Decisions of people as JSON lines of `text`, `label`, `lang`; 403 unless the organizer has allowed training."""
    room = await request.app[keys.HUB].room(request.match_info["code"])
    lines = b"".join([msgspec.json.encode(row) + b"\n" async for row in rows.rows(room.state, room.log)])
    headers = {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    return web.Response(body=lines, headers=headers)


# ── campaigns ────────────────────────────────────────────────────────────────────────────────────


@routes.post("/api/campaigns")
@for_organizers
async def create_campaign(request: web.Request) -> web.Response:
    """Body `CreateCampaign`; repeated as for broadcasts."""
    command = await body(request, CreateCampaign)
    app = request.app
    done = await programme.create_campaign(app[keys.STORE], app[keys.MODULES], request[keys.PERSON].actor, command)
    return _created(done)


@routes.get("/api/campaigns")
@for_organizers
async def list_campaigns(request: web.Request) -> web.Response:
    """All campaigns, newest first, as `CampaignView`."""
    names = await directory.campaigns(request.app[keys.STORE])
    return answer({"ok": True, "campaigns": [await _campaign(request, name) for name in names]})


@routes.get("/api/campaigns/{id}")
@for_organizers
async def show_campaign(request: web.Request) -> web.Response:
    """`CampaignView`: state, rankings, figures, and what they rest on."""
    return answer({"ok": True, "campaign": await _campaign(request, request.match_info["id"])})


@routes.post("/api/campaigns/{id}/{change:open|close}")
@for_organizers
async def change_campaign(request: web.Request) -> web.Response:
    """`Accepted`; 409 if it is open (or closed) already."""
    campaign, opening = request.match_info["id"], request.match_info["change"] == "open"
    return answer(await programme.set_campaign_open(request.app, request[keys.PERSON].actor, campaign, opening))


@routes.post("/api/campaigns/{id}/import")
@for_organizers
async def import_trips(request: web.Request) -> web.Response:
    """A CSV of trips. Rows that are wrong are told by line, the others are recorded, each once."""
    raw = await read(request, trips.BYTES_LIMIT)
    live = await request.app[keys.HUB].campaign(request.match_info["id"])
    return answer(await trips.record(request.app[keys.STORE], live, raw))


# ── sign-in links ────────────────────────────────────────────────────────────────────────────────


@routes.post("/api/links")
@for_organizers
async def make_link(request: web.Request) -> web.Response:
    """Body: `role` (host, moderator or organizer), `broadcast`, `name`, `seconds`; answers a one-time link as `url`."""
    command = await body(request, MakeLink)
    url = await links.make_link(
        request.app[keys.STORE], request.app[keys.SETTINGS].url, await _grant(request, command), command.seconds
    )
    return answer({"ok": True, "url": url, "expires_at": (int(time.time()) + command.seconds) * 1000}, 201)


async def _grant(request: web.Request, command: MakeLink) -> Grant:
    if command.role == "organizer":
        return Grant(role="organizer", name=command.name)
    room = await request.app[keys.HUB].room(checked(command.broadcast, Code, "broadcast"))
    since = room.state.details.revoked
    return Grant(role=command.role, broadcast=command.broadcast, name=command.name, since=since)


# ── beneath ──────────────────────────────────────────────────────────────────────────────────────


def own_request(request: web.Request) -> None:
    """A cookie travels with what other sites' forms send; a bearer token or these body types do not."""
    if "Authorization" in request.headers or request.content_type in ("application/json", "text/csv"):
        return
    raise refuse("invalid", "send Content-Type: application/json (or text/csv to import)", field="Content-Type")


async def body(request: web.Request, kind: type[_T]) -> _T:
    raw = await read(request, BODY_LIMIT)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Refused(refusal_of(error)) from None


async def read(request: web.Request, limit: int) -> bytes:
    """The body, at most `limit` bytes; no more than that is ever held."""
    raw = bytearray()
    async for chunk in request.content.iter_chunked(BODY_LIMIT):
        raw += chunk
        if len(raw) > limit:
            raise refuse("invalid", "the body is too large", field="body", limit=f"<= {limit} bytes")
    return bytes(raw)


def checked(value: str, kind: Any, field: str) -> str:
    try:
        return str(msgspec.convert(value, kind))
    except msgspec.ValidationError as error:
        raise Refused(msgspec.structs.replace(refusal_of(error), field=field)) from None


def _created(done: Accepted, **more: object) -> web.Response:
    return answer(msgspec.to_builtins(done) | {"ok": True} | more, 200 if done.repeated else 201)


async def _broadcast(request: web.Request, code: str) -> dict[str, object]:
    state = (await request.app[keys.HUB].room(code)).state
    view: dict[str, object] = msgspec.to_builtins(broadcast_view(state))
    numbers = {
        "people": len(state.audience.nick_of),
        "comments": len(state.comments.by_id),
        "questions": len(state.questions.by_id),
        "as_of": state.as_of,
        "opened_at": state.details.opened_at,
        "closed_at": state.details.closed_at,
    }
    return view | numbers | {"links": _addresses(request, code)}


async def _campaign(request: web.Request, name: str) -> CampaignView:
    return await (await request.app[keys.HUB].campaign(name)).view()


def _addresses(request: web.Request, code: str) -> dict[str, str]:
    url = request.app[keys.SETTINGS].url
    return {"viewer": f"{url}/b/{code}", "host": f"{url}/host/{code}", "report": f"{url}/report/{code}"}
