"""`/`: enter a code, see what is on, learn what this is. `/go?code=reef` leads to a broadcast."""

from __future__ import annotations

import re

from aiohttp import web

from streamhub.commands import Refused
from streamhub.facts import CODE_PATTERN
from streamhub.live import views
from streamhub.record.directory import broadcast_exists, broadcasts
from streamhub.wire import BroadcastView
from web import keys, render

routes = web.RouteTableDef()

LISTED = 24
"""Broadcasts looked at for the list, newest first; each is loaded by the hub and soon let go again."""


@routes.get("/")
async def home(request: web.Request) -> web.Response:
    return await _page(request)


@routes.get("/go")
async def go(request: web.Request) -> web.Response:
    code = re.sub(r"\s+", "", request.query.get("code", "")).upper()
    if re.fullmatch(CODE_PATTERN, code) and await broadcast_exists(request.app[keys.STORE], code):
        return web.Response(status=303, headers={"Location": f"/b/{code}"})
    return await _page(request, typed=request.query.get("code", "")[:24], failed=True)


async def _page(request: web.Request, *, typed: str = "", failed: bool = False) -> web.Response:
    listed = await _listed(request)
    return render.render(
        request,
        "home.html",
        status=404 if failed else 200,
        now=[view for view in listed if view.status == "open"],
        soon=sorted((view for view in listed if view.status == "scheduled"), key=lambda view: view.starts_at or 0),
        past=[view for view in listed if view.status == "closed"],
        typed=typed,
        failed=failed,
    )


async def _listed(request: web.Request) -> list[BroadcastView]:
    found = []
    for code in (await broadcasts(request.app[keys.STORE]))[:LISTED]:
        try:
            found.append(views.broadcast_view((await request.app[keys.HUB].room(code)).state))
        except Refused:
            continue
    return found
