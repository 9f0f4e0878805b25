"""Signing in with a one-time link, and out again; who may come in, and the page that says how.

Looking at a link does not use it up (messengers fetch links to preview them); pressing its button does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from streamhub.commands import Refused, refuse
from streamhub.live.admission import ROLE_COOKIE, ROLE_SECONDS, Grant, Person
from web import keys, links
from web.render import render

Handler = Callable[[web.Request], Awaitable[web.Response]]

routes = web.RouteTableDef()


@routes.get("/sign-in")
async def how(request: web.Request) -> web.Response:
    """How people get a sign-in link."""
    return _page(request, "how")


@routes.get("/sign-in/{token}")
async def look(request: web.Request) -> web.Response:
    """What the link offers, and a button; looking does not use it up."""
    grant = await links.peek(request.app[keys.STORE], request.match_info["token"])
    if grant is None or not await _holds(request, grant):
        return _page(request, "gone", status=404)
    person = await person_in(request, grant.broadcast)
    return _page(request, "ready", offer=grant, covered=person.may(grant.role, grant.broadcast))


@routes.post("/sign-in/{token}")
async def use(request: web.Request) -> web.Response:
    """Uses the link up, sets the role cookie, goes to the desk or the organizer's pages. With `?format=json`, for
    programs: answers the role token as `token`, with `role` and `broadcast`."""
    grant = await links.consume(request.app[keys.STORE], request.match_info["token"])
    if grant is not None and not await _holds(request, grant):
        grant = None
    if request.query.get("format") == "json":
        return _token(request, grant)
    if grant is None:
        return _page(request, "gone", status=404)
    response = web.Response(status=303, headers={"Location": home(grant), "Cache-Control": "no-store"})
    response.set_cookie(
        ROLE_COOKIE, request.app[keys.SIGNER].role_token(grant), max_age=ROLE_SECONDS,
        httponly=True, samesite="Lax", secure=_https(request), path="/",
    )  # fmt: skip
    return response


def _token(request: web.Request, grant: Grant | None) -> web.Response:
    if grant is None:
        raise refuse("unknown", "this link has been used or withdrawn, or is too old: ask for another", field="token")
    token = request.app[keys.SIGNER].role_token(grant)
    given = {"ok": True, "token": token, "role": grant.role, "broadcast": grant.broadcast, "seconds": ROLE_SECONDS}
    return web.json_response(given, headers={"Cache-Control": "no-store"})


@routes.post("/sign-out")
async def leave(request: web.Request) -> web.Response:
    """Takes the role cookie away."""
    response = web.Response(status=303, headers={"Location": "/sign-in?out=1"})
    response.del_cookie(ROLE_COOKIE, path="/")
    return response


def home(grant: Grant) -> str:
    """Where somebody with this grant starts."""
    return "/organize" if grant.role == "organizer" else f"/host/{grant.broadcast}"


async def person_in(request: web.Request, code: str) -> Person:
    """Who asks, with what they may do in this broadcast now: a role that was revoked is none."""
    person: Person = request[keys.PERSON]
    if person.grant is None or person.grant.broadcast != code:
        return person
    return person.unless_revoked(code, await _revoked(request, code))


async def _revoked(request: web.Request, code: str) -> str:
    """As `Details.revoked`; "" where there is no such broadcast."""
    try:
        return (await request.app[keys.HUB].room(code)).state.details.revoked
    except Refused as refused:
        if refused.refusal.code != "unknown":
            raise
        return ""


def for_moderators(handler: Handler) -> Handler:
    """A page of one broadcast (`code` in its address): others are told how to get in."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.Response:
        code = request.match_info["code"]
        person = request[keys.PERSON] = await person_in(request, code)
        if not person.moderates(code):
            return keep_out(request, broadcast=code)
        return await handler(request)

    return guarded


def for_organizers(handler: Handler) -> Handler:
    @wraps(handler)
    async def guarded(request: web.Request) -> web.Response:
        if not request[keys.PERSON].organizes:
            return keep_out(request)
        return await handler(request)

    return guarded


def keep_out(request: web.Request, broadcast: str = "") -> web.Response:
    """The 403 page of a page for hosts (of a broadcast) or organizers: what it is and how to get in."""
    return _page(request, "needed", status=403, broadcast=broadcast)


def _page(request: web.Request, state: str, *, status: int = 200, **context: object) -> web.Response:
    values = {"offer": None, "covered": False, "broadcast": "", "out": "out" in request.query} | context
    response = render(request, "sign_in.html", status=status, state=state, home=home, **values)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def _holds(request: web.Request, offer: Grant) -> bool:
    """Whether roles of this broadcast were not revoked since the link was made."""
    return offer.role == "organizer" or offer.since == await _revoked(request, offer.broadcast)


def _https(request: web.Request) -> bool:
    settings = request.app[keys.SETTINGS]
    return request.secure or settings.url.startswith("https://")
