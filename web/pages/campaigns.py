"""The organizer's pages of campaigns: create, open, close, import a file of trips, decide about the doubtful ones."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from streamhub.commands import CampaignAct, Refusal, Refused, decode, refuse
from web import desk, forms, keys, programme, trips
from web.pages import rules
from web.pages.organizing import changed, form_page, page, say, to, typed_in
from web.pages.sign_in import for_organizers

routes = web.RouteTableDef()


@routes.get("/organize/new-campaign")
@for_organizers
async def new_campaign(request: web.Request) -> web.Response:
    typed = forms.new_campaign(request[keys.LOCALE], datetime.now(UTC).date())
    return form_page(request, "organize_new_campaign.html", typed, None)


@routes.post("/organize/new-campaign")
@for_organizers
async def create_campaign(request: web.Request) -> web.Response:
    app = request.app
    typed = await typed_in(request, forms.new_campaign(request[keys.LOCALE], datetime.now(UTC).date()))
    try:
        command = forms.campaign(typed)
        await programme.create_campaign(app[keys.STORE], app[keys.MODULES], request[keys.PERSON].actor, command)
    except Refused as refused:
        return form_page(request, "organize_new_campaign.html", typed, refused.refusal)
    return to(f"/organize/campaign/{command.id}?done=created")


@routes.get("/organize/campaign/{id}")
@for_organizers
async def campaign(request: web.Request) -> web.Response:
    return await _campaign(request)


@routes.post("/organize/campaign/{id}/{change:open|close}")
@for_organizers
async def change_campaign(request: web.Request) -> web.Response:
    name, change = request.match_info["id"], request.match_info["change"]
    doing = programme.set_campaign_open(request.app, request[keys.PERSON].actor, name, change == "open")
    return await changed(doing, f"/organize/campaign/{name}?done={change}", partial(_campaign, request))


@routes.post("/organize/campaign/{id}/import")
@for_organizers
async def import_trips(request: web.Request) -> web.Response:
    """The form of the CSV import (field `file`)."""
    live = await request.app[keys.HUB].campaign(request.match_info["id"])
    try:
        file = (await request.post()).get("file")
        if not isinstance(file, web.FileField):
            raise refuse("invalid", field="file")
        raw = file.file.read(trips.BYTES_LIMIT + 1)
        if not raw or len(raw) > trips.BYTES_LIMIT:
            raise refuse("invalid", field="file")
        imported = await trips.record(request.app[keys.STORE], live, raw)
    except Refused as refused:
        return await _campaign(request, refused.refusal)
    return await _campaign(request, imported=imported)


@routes.post("/organize/campaign/{id}/review")
@for_organizers
async def review_trip(request: web.Request) -> web.Response:
    """The form of one decision about a doubtful trip (fields `trip`, `accepted`, `once`)."""
    name, form = request.match_info["id"], await request.post()
    act = {"type": "review_trip", "trip": str(form.get("trip", "")), "accepted": form.get("accepted") == "yes"}
    try:
        command = decode(CampaignAct, {"once": str(form.get("once", "")), "campaign": name, "act": act})
        await request.app[keys.HUB].act(request[keys.PERSON], command)
    except Refused as refused:
        return await _campaign(request, refused.refusal)
    return to(f"/organize/campaign/{name}?done=review#review")


@routes.post("/organize/campaign/{id}/{act:list_word|unlist_word}")
@for_organizers
async def change_word(request: web.Request) -> web.Response:
    """The forms of the campaign's words (fields `word`, `effect`, `once`)."""
    name, form = request.match_info["id"], await request.post()
    act: programme.WordAct = "list_word" if request.match_info["act"] == "list_word" else "unlist_word"
    fields = {field: str(form[field]).strip() for field in ("once", "word", "effect") if field in form}
    try:
        await programme.change_campaign_word(request.app, request[keys.PERSON], name, act, fields)
    except Refused as refused:
        return await _campaign(request, refused_word=refused.refusal, typed=fields)
    return to(f"/organize/campaign/{name}?done={act}#words")


async def _campaign(
    request: web.Request,
    refusal: Refusal | None = None,
    *,
    imported: trips.Imported | None = None,
    refused_word: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    """`refused_word` is why a word was not listed, and `typed` what that form held."""
    live = await request.app[keys.HUB].campaign(request.match_info["id"])
    view = await live.view()
    return page(
        request,
        "organize_campaign.html",
        doubtful=trips.doubtful(live, request[keys.LOCALE]),
        once=secrets.token_urlsafe(12),
        status=400 if refused_word else 409 if refusal else 200,
        campaign=view,
        figures={figure.name: figure for figure in view.figures},
        imported=imported,
        done=request.query.get("done", "") if request.method == "GET" else "",
        wrong=forms.explain(refusal, say(request)) if refusal else "",
        policy=live.policy,
        changes=rules.history(live.policy, {}, say(request)),
        actor=lambda by: desk.actor(by, desk.words(say(request))),
        wrong_word=rules.explain(refused_word, say(request)) if refused_word else "",
        typed=defaultdict(str, typed or {}),
    )
