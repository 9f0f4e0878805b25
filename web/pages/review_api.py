"""The JSON API of moderation: the review queue and every act of its page; for organizers, roles and campaigns' words.

Reviewing needs a moderator's, host's or organizer's role for that broadcast, as cookie or bearer token (`POST
/sign-in/TOKEN?format=json` gives one for a link). Acts take the hub's own path: same fields, checks, roles, facts.
"""

from __future__ import annotations

import contextlib
import hashlib
from functools import wraps

import msgspec
from aiohttp import web

from moderation.campaign_words import word_changes
from streamhub.commands import EntryId, refuse
from streamhub.live.admission import ROLE_COOKIE, Person
from web import desk, keys, programme
from web.pages.api import Handler, answer, body, checked, for_organizers, own_request
from web.pages.sign_in import person_in

routes = web.RouteTableDef()

ACTS = ("decide", "undo", "restrict", "lift", "erase")
"""Publish, annotate and reject are `decide`; mute, slow and ban are `restrict`. Only hosts erase."""


def for_moderators(handler: Handler) -> Handler:
    """Refuse who does not moderate this broadcast, and what another site's page may have sent."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        person = request[keys.PERSON] = await person_in(request, request.match_info["code"])
        if not person.moderates(request.match_info["code"]):
            raise refuse("forbidden", "this needs a moderator's role here: sign in, or send the token as Bearer")
        if request.method == "POST":
            own_request(request)
        return await handler(request)

    return guarded


@routes.get("/api/broadcasts/{code}/review")
@for_moderators
async def show_queue(request: web.Request) -> web.Response:
    """`Review` as `review`: what waits for a person, oldest first, what was decided last, who is restricted. With
    `?after=ID`, an id that an act answered, it shows that act, whichever process is asked."""
    room = await request.app[keys.HUB].room(request.match_info["code"])
    if after := request.query.get("after"):
        with contextlib.suppress(TimeoutError):  # an id of the future: as it stands now
            await room.reached(checked(after, EntryId, "after"))
    return answer({"ok": True, "review": room.review()})


@routes.get("/api/broadcasts/{code}/review/{comment:[0-9]+-[0-9]+}")
@for_moderators
async def show_case(request: web.Request) -> web.Response:
    """One comment of the queue: `HeldView` as `case`, and what else its author said as `also`."""
    room = await request.app[keys.HUB].room(request.match_info["code"])
    review, comment = room.review(), request.match_info["comment"]
    case = next((view for view in (*review.held, *review.decided) if view.id == comment), None)
    if case is None:
        raise refuse("unknown", "this comment is not in the queue", field="comment")
    return answer({"ok": True, "case": case, "also": desk.said_by(room.state, comment)})


@routes.post("/api/broadcasts/{code}/review/{act:" + "|".join(ACTS) + "}")
@for_moderators
async def review(request: web.Request) -> web.Response:
    """Body: the command of that name, as on the socket: `DecideComment`, `UndoDecision`, `RestrictViewer`,
    `LiftRestriction` or `EraseComment`; `Accepted`. 409 where somebody else was first (`limit` says who) or it is so
    already."""
    fields = await body(request, dict[str, object])
    act, code = request.match_info["act"], request.match_info["code"]
    return answer(await request.app[keys.HUB].perform(asker(request), code, act, fields))


@routes.post("/api/broadcasts/{code}/revoke")
@for_organizers
async def revoke_roles(request: web.Request) -> web.Response:
    """Signs out this broadcast's hosts and moderators and voids their unused links. Body `RevokeRoles`; `Accepted`."""
    fields = await body(request, dict[str, object])
    hub, code = request.app[keys.HUB], request.match_info["code"]
    return answer(await hub.perform(asker(request), code, "revoke_roles", fields))


# ── the words of a campaign ──────────────────────────────────────────────────────────────────────


@routes.get("/api/campaigns/{id}/words")
@for_organizers
async def show_words(request: web.Request) -> web.Response:
    """What the campaign lists for all its broadcasts: `words`, each `allow` or `hold`."""
    live = await request.app[keys.HUB].campaign(request.match_info["id"])
    return answer({"ok": True, "words": live.policy.words})


@routes.get("/api/campaigns/{id}/words/log")
@for_organizers
async def show_word_changes(request: web.Request) -> web.Response:
    """Its facts about words as JSON lines, oldest first, as in a log."""
    await request.app[keys.HUB].campaign(request.match_info["id"])  # refuses what is unknown
    changes = await word_changes(request.app[keys.STORE], request.match_info["id"])
    lines = b"".join(msgspec.json.encode({"id": entry.id, "fact": entry.fact}) + b"\n" for entry in changes)
    headers = {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    return web.Response(body=lines, headers=headers)


@routes.post("/api/campaigns/{id}/words/{act:list|unlist}")
@for_organizers
async def change_words(request: web.Request) -> web.Response:
    """Body `ListWord` or `UnlistWord`; `Accepted`. It holds in every broadcast of the campaign within seconds."""
    act: programme.WordAct = "list_word" if request.match_info["act"] == "list" else "unlist_word"
    fields = await body(request, dict[str, object])
    name = request.match_info["id"]
    return answer(await programme.change_campaign_word(request.app, asker(request), name, act, fields))


def asker(request: web.Request) -> Person:
    """Whoever holds this token, the same in every request: so a retry with the same `once` changes nothing twice,
    though a program keeps no cookie."""
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = bearer or request.cookies.get(ROLE_COOKIE, "")
    viewer = "api-" + hashlib.blake2s(token.encode(), digest_size=12).hexdigest()
    person: Person = request[keys.PERSON]
    return msgspec.structs.replace(person, viewer=viewer)
