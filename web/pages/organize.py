"""The organizer's pages: broadcasts and campaigns, created, opened, closed; links, QR code, import.

Plain forms, complete without JavaScript; `browser/organize.ts` adds copying, local times and the browser's
time zone. What is refused comes back filled in, with the reason beside its field.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from typing import Any, Literal
from urllib.parse import urlsplit

import segno
from aiohttp import web
from markupsafe import Markup

from streamhub.commands import Refusal, Refused
from streamhub.live import views
from streamhub.live.admission import Grant
from streamhub.live.follow import Room
from streamhub.record import directory
from streamhub.wire import CampaignView
from web import forms, keys, links, programme
from web.pages.organizing import changed, form_page, page, say, to, typed_in
from web.pages.sign_in import for_organizers

routes = web.RouteTableDef()

LIST_LIMIT = 50
"""Broadcasts and campaigns on one page, the newest first."""

NAME_LIMIT = 24


@routes.get("/organize")
@for_organizers
async def overview(request: web.Request) -> web.Response:
    """All broadcasts and campaigns, newest first, with what can be done."""
    hub, store = request.app[keys.HUB], request.app[keys.STORE]
    codes, names = await directory.broadcasts(store), await directory.campaigns(store)
    start = int(after) if (after := request.query.get("after", "0")).isdecimal() else 0
    rooms = await asyncio.gather(*(hub.room(code) for code in codes[start : start + LIST_LIMIT]))
    return page(
        request,
        "organize.html",
        broadcasts=[_summary(room) for room in rooms],
        campaigns=[await _campaign_view(request, name) for name in names[:LIST_LIMIT]],
        older=start + LIST_LIMIT if len(codes) > start + LIST_LIMIT else None,
    )


# ── broadcasts ───────────────────────────────────────────────────────────────────────────────────


@routes.get("/organize/new")
@for_organizers
async def new_broadcast(request: web.Request) -> web.Response:
    return await _broadcast_form(request, forms.new_broadcast(request[keys.LOCALE]))


@routes.post("/organize/new")
@for_organizers
async def create_broadcast(request: web.Request) -> web.Response:
    typed = await typed_in(request, forms.new_broadcast(request[keys.LOCALE]))
    try:
        command = forms.broadcast(typed)
        await programme.create_broadcast(request.app[keys.STORE], request[keys.PERSON].actor, command)
    except Refused as refused:
        return await _broadcast_form(request, typed, refused.refusal)
    return to(f"/organize/{command.code}?done=created")


@routes.get("/organize/{code:[A-Z0-9-]+}")
@for_organizers
async def broadcast(request: web.Request) -> web.Response:
    return await _broadcast(request)


@routes.post("/organize/{code:[A-Z0-9-]+}/{change:open|close}")
@for_organizers
async def change_broadcast(request: web.Request) -> web.Response:
    code, change = request.match_info["code"], request.match_info["change"]
    doing = programme.set_broadcast_open(request.app, request[keys.PERSON].actor, code, change == "open")
    return await changed(doing, f"/organize/{code}?done={change}", partial(_broadcast, request))


@routes.post("/organize/{code:[A-Z0-9-]+}/link")
@for_organizers
async def host_link(request: web.Request) -> web.Response:
    """The link is shown once, here; it is kept only as a digest."""
    code = request.match_info["code"]
    form = await request.post()
    name = str(form.get("name", "")).strip()[:NAME_LIMIT]
    since = (await request.app[keys.HUB].room(code)).state.details.revoked
    role: Literal["moderator", "host"] = "moderator" if form.get("role") == "moderator" else "host"
    grant = Grant(role=role, broadcast=code, name=name, since=since)
    url = await links.make_link(request.app[keys.STORE], request.app[keys.SETTINGS].url, grant)
    return await _broadcast(request, made=url, made_for=name)


@routes.post("/organize/{code:[A-Z0-9-]+}/revoke")
@for_organizers
async def revoke(request: web.Request) -> web.Response:
    """Hosts and moderators of this broadcast need new links (field `once`)."""
    code, once = request.match_info["code"], str((await request.post()).get("once", ""))
    await request.app[keys.HUB].perform(request[keys.PERSON], code, "revoke_roles", {"once": once})
    return to(f"/organize/{code}?done=revoke")


@routes.get("/organize/{code:[A-Z0-9-]+}/qr.svg")
@for_organizers
async def qr_file(request: web.Request) -> web.Response:
    code = request.match_info["code"]
    await request.app[keys.HUB].room(code)
    svg = segno.make(_viewer_url(request, code), error="m").svg_inline(scale=10, border=4, light="#fff")
    headers = {"Content-Disposition": f'attachment; filename="{code}.svg"'}
    svg = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return web.Response(text=svg, content_type="image/svg+xml", headers=headers)


async def _broadcast_form(request: web.Request, typed: forms.Fields, refusal: Refusal | None = None) -> web.Response:
    names = (await directory.campaigns(request.app[keys.STORE]))[:LIST_LIMIT]
    campaigns = [await _campaign_view(request, name) for name in names]
    return form_page(request, "organize_new.html", typed, refusal, campaigns=campaigns)


async def _broadcast(
    request: web.Request, refusal: Refusal | None = None, *, made: str = "", made_for: str = ""
) -> web.Response:
    code = request.match_info["code"]
    room = await request.app[keys.HUB].room(code)
    url = _viewer_url(request, code)
    return page(
        request,
        "organize_broadcast.html",
        status=409 if refusal else 200,
        broadcast=_summary(room),
        campaigns=[await _campaign_view(request, name) for name in room.state.details.campaigns],
        url=url,
        local=urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"),
        qr=Markup(segno.make(url, error="m").svg_inline(scale=4, border=4, light="#fff")),  # noqa: S704 - segno's own
        made=made,
        once=secrets.token_urlsafe(12),
        made_for=made_for,
        name_limit=NAME_LIMIT,
        done=request.query.get("done", "") if request.method == "GET" else "",
        wrong=forms.state_sentence(refusal, say(request)) if refusal else "",
    )


def _summary(room: Room) -> dict[str, Any]:
    """What the pages say of a broadcast: its view, its times and its numbers."""
    state = room.state
    held = len(room.review().held)
    waiting = sum(view.status == "waiting" for view in views.questions(state))
    return {
        "view": views.broadcast_view(state),
        "opened_at": state.details.opened_at,
        "closed_at": state.details.closed_at,
        "people": len(state.audience.nick_of),
        "comments": len(state.comments.by_id),
        "waiting": waiting,
        "held": held,
    }


def _viewer_url(request: web.Request, code: str) -> str:
    return f"{request.app[keys.SETTINGS].url}/b/{code}"


async def _campaign_view(request: web.Request, name: str) -> CampaignView:
    return await (await request.app[keys.HUB].campaign(name)).view()
