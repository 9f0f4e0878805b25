"""`/b/CODE`: the viewer's page, and the plain forms of it for browsers without JavaScript.

A form takes the same path through the hub as a socket, then leads back to the page (303), which shows what
became of it. A refused form comes back as the page with what was typed and the reason beside the field.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
from collections import defaultdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
import segno
from aiohttp import web
from markupsafe import Markup

from campaigns.travel import texts as travel_texts
from streamhub.commands import Refusal, Refused
from streamhub.facts import NICK_LIMIT, TEXT_LIMIT
from streamhub.live import views
from streamhub.live.admission import mark_of
from streamhub.live.follow import Room
from streamhub.wire import CampaignView, Outcome
from web import keys, render
from web.lines import lines
from web.texts import watch_texts, why_not

routes = web.RouteTableDef()

LAST = 100
"""Comments on the page itself; the island gets more over its socket."""

QRS_KEPT = 256

VERDICT_SECONDS = 2.0
"""A form waits so long for the verdict, so that most people see it at once."""


@routes.get("/b/{code}")
async def watch(request: web.Request) -> web.Response:
    code = request.match_info["code"]
    if code != code.upper():
        raise web.HTTPMovedPermanently(request.rel_url.with_path(f"/b/{code.upper()}").human_repr())
    return await _page(request)


@routes.post("/b/{code}/comments")
async def comment(request: web.Request) -> web.Response:
    fields = {name: str(value) for name, value in (await request.post()).items()}
    fields["text"] = fields.get("text", "").strip()
    fields["nick"] = fields.get("nick", "").strip()
    try:
        accepted = await _perform(request, "comment", fields)
    except Refused as refused:
        return await _page(request, refusal=refused.refusal, form="comment", typed=fields)
    await _verdict(await _room(request), accepted.id)
    return _back(request, "questions" if fields.get("kind") == "question" else "comments", sent=accepted.id)


@routes.post("/b/{code}/votes")
async def vote(request: web.Request) -> web.Response:
    fields = dict(await request.post())
    try:
        await _perform(request, "vote", fields)
    except Refused as refused:
        return await _page(request, refusal=refused.refusal, form="vote", typed=fields)
    return _back(request, "questions")


@routes.post("/b/{code}/campaign")
async def campaign(request: web.Request) -> web.Response:
    """Any act of a campaign module: `once`, `campaign`, and the act's own fields; empty ones are left out."""
    typed = {name: str(value).strip() for name, value in (await request.post()).items()}
    act = {name: value for name, value in typed.items() if value and name not in ("once", "campaign")}
    fields = {"once": typed.get("once", ""), "campaign": typed.get("campaign", ""), "act": act}
    try:
        accepted = await _perform(request, "campaign", fields)
    except Refused as refused:
        return await _page(request, refusal=refused.refusal, form="campaign", typed=typed)
    return _back(request, "campaign", logged=accepted.id)


async def _perform(request: web.Request, name: str, fields: Any) -> Any:
    return await request.app[keys.HUB].perform(request[keys.PERSON], request.match_info["code"], name, fields)


async def _room(request: web.Request) -> Room:
    return await request.app[keys.HUB].room(request.match_info["code"])


async def _verdict(room: Room, comment: str) -> None:
    """Return when there is a verdict, or after `VERDICT_SECONDS` without one."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(VERDICT_SECONDS):
            while room.state.comments.by_id[comment].status == "waiting":
                await asyncio.sleep(0.05)


def _back(request: web.Request, section: str, **query: str) -> web.Response:
    url = request.rel_url.with_path(f"/b/{request.match_info['code']}").with_query(query).with_fragment(section)
    return web.Response(status=303, headers={"Location": str(url)})


async def _page(
    request: web.Request, *, refusal: Refusal | None = None, form: str = "", typed: Any = None
) -> web.Response:
    room = await _room(request)
    hub, person = request.app[keys.HUB], request[keys.PERSON]
    language = request[keys.LOCALE]
    views_of_campaigns = await hub.campaigns(room.code)
    mine = {view.id: dict(await hub.mine(view.id, person)) for view in views_of_campaigns}
    now = person.unless_revoked(room.code, room.state.details.revoked)
    own = views.own(room.state, person.viewer)
    batch = room.whole(LAST)
    texts = watch_texts(render.message(language))
    address = f"{_origin(request)}/b/{room.code}"
    return await render.render_long(
        request,
        hub.page_pace,
        "watch.html",
        status=200 if refusal is None else 429 if refusal.code == "rate" else 400,
        broadcast=views.broadcast_view(room.state),
        batch=batch,
        lines=lines(batch.comments, mark_of(person.viewer, room.code)),
        own=own,
        sent=_sent(own, request.query.get("sent", "")),
        logged=request.query.get("logged", ""),
        voted=set(views.voted(room.state, person.viewer)),
        asked={outcome.comment for outcome in own if outcome.kind == "question"},
        nick=room.state.audience.nick_of.get(person.viewer, ""),
        hosts=now.moderates(room.code),
        erases=now.hosts(room.code),
        campaigns=[(view, mine[view.id]) for view in views_of_campaigns],
        travel=travel_texts,
        refusal=refusal,
        why_not=why_not(refusal, texts) if refusal else "",
        form=form,
        typed=defaultdict(str, typed or {}),
        once=secrets.token_urlsafe(12),
        texts=texts,
        limits={"text": TEXT_LIMIT, "nick": NICK_LIMIT},
        address=address,
        qr=_qr(address),
        today=_today(),
        data=_data(room, language, texts, views_of_campaigns, mine),
    )


def _data(
    room: Room, language: str, texts: dict[str, str], campaigns: tuple[CampaignView, ...], mine: dict[str, Any]
) -> dict[str, Any]:
    """What the island needs before its socket answers."""
    return {
        "code": room.code,
        "language": "zh" if language == "zh_CN" else "en",
        "status": room.state.details.status,
        "stage": room.state.details.stage,
        "texts": texts,
        "mine": mine,
        "campaigns": msgspec.to_builtins(campaigns),
        "modes": {name: words._asdict() for name, words in travel_texts.MODES.items()},
        "refusals": {words.en: words.zh for words in travel_texts.REFUSALS.values()} if language == "zh_CN" else {},
    }


def _sent(own: list[Outcome], comment: str) -> Outcome | None:
    return next((outcome for outcome in own if outcome.comment == comment), None)


def _origin(request: web.Request) -> str:
    """How people reach this page: the settings' public address, else the one that they asked for."""
    return request.app[keys.SETTINGS].public_url.rstrip("/") or str(request.url.origin())


@lru_cache(maxsize=QRS_KEPT)
def _qr(address: str) -> Markup:
    """Kept, as drawing it takes three milliseconds."""
    drawn = io.BytesIO()
    segno.make(address, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=2, svgclass="qr", lineclass=None, omitsize=True,
        dark="#12262c", light="#ffffff",
    )  # fmt: skip
    return Markup(drawn.getvalue().decode())  # noqa: S704 - made here, of an address that is only drawn


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
