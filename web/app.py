"""The application of one hub process: builds every dependency and hands it in. The composition root.

Called by `serve.py`; tests make one over their own store.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from aiohttp import web
from redis.exceptions import RedisError

from campaigns import travel
from moderation.as_read import as_read
from moderation.model.claims import claim_bank
from streamhub.commands import Refusal, Refused
from streamhub.live.admission import (
    ROLE_COOKIE,
    VIEWER_COOKIE,
    VIEWER_SECONDS,
    Signer,
    address_of,
)
from streamhub.live.hub import Hub
from streamhub.live.neighbours import Neighbours
from streamhub.record.store import connect, connect_follower
from streamhub.wire import Denied
from web import keys, render
from web.pages import (
    api,
    campaigns,
    home,
    host,
    language,
    objections,
    organize,
    report,
    review_api,
    rules,
    sign_in,
    watch,
)
from web.seen import at_least
from web.settings import Settings

log = logging.getLogger(__name__)

MODULES = {travel.module.name: travel.module}
PAGES = (home, language, watch, objections, host, rules, organize, campaigns, report, sign_in, api, review_api)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob: https:; connect-src 'self' ws: wss: https:; worker-src 'self' blob:; "
        "frame-src https://www.youtube-nocookie.com https://player.bilibili.com; frame-ancestors 'self'; "
        "base-uri 'self'; form-action 'self'"
    ),
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}

FILES = Refusal(code="unavailable", field="files", message="the server cannot use its own files: its log says which")

STATUS_OF = {
    "invalid": 400, "unknown": 404, "closed": 409, "rate": 429, "forbidden": 403, "restricted": 403, "not_joined": 409,
    "conflict": 409, "unavailable": 503,
}  # fmt: skip


def create_app(settings: Settings) -> web.Application:
    app = web.Application(
        middlewares=[_hand_over, _headers, _answer_errors, _who, at_least], client_max_size=4 * 1024 * 1024
    )
    app[keys.SETTINGS] = settings
    app[keys.SIGNER] = Signer(settings.secret())
    app[keys.MODULES] = MODULES
    app[keys.STORE] = connect(settings.store_url)
    app[keys.HUB] = Hub(
        store=app[keys.STORE],
        follower=connect_follower(settings.store_url),
        signer=app[keys.SIGNER],
        modules=MODULES,
        notes={name: claim.note() for name, claim in claim_bank().items()},
        behind_proxy=settings.behind_proxy,
        plain=as_read,
    )
    app[keys.HUB].server.attach(app)
    if settings.hub:
        app[keys.NEIGHBOURS] = Neighbours(settings.hubs_folder, settings.hub)
        app[keys.NEIGHBOURS].sign(app[keys.HUB].server)
    app.cleanup_ctx.append(_run_hub)
    app.on_shutdown.append(_leave)
    for page in PAGES:
        app.add_routes(page.routes)
    if render.STATIC.exists():
        app.router.add_static("/static/", render.STATIC)
    return app


async def _run_hub(app: web.Application) -> AsyncIterator[None]:
    await app[keys.HUB].open()
    yield
    if keys.NEIGHBOURS in app:
        await app[keys.NEIGHBOURS].close()
    await app[keys.HUB].close()
    await app[keys.STORE].aclose()


async def _leave(app: web.Application) -> None:
    """Told to stop: before open requests are waited for, so that long polls end too."""
    await app[keys.HUB].leave()


@web.middleware
async def _hand_over(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A polling request of another hub's session goes there, before anything else is done with it. A hub that is
    leaving lets nobody new in."""
    if request.app[keys.HUB].leaving and request.path.startswith("/socket.io/") and "sid" not in request.query:
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
    if keys.NEIGHBOURS in request.app:
        return await request.app[keys.NEIGHBOURS].hand_over(request, handler)
    return await handler(request)


@web.middleware
async def _headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    if not response.prepared:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if request.path.startswith("/static/") and "v" in request.query:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
    return response


@web.middleware
async def _who(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who asks, in which language; a new viewer gets a cookie with the first page."""
    settings = request.app[keys.SETTINGS]
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    person = request.app[keys.SIGNER].person(
        request.cookies.get(VIEWER_COOKIE),
        bearer or request.cookies.get(ROLE_COOKIE),
        address=address_of(request, settings.behind_proxy),
        via="form",
    )
    request[keys.PERSON] = person
    request[keys.LOCALE] = render.choose_language(request)
    response = await handler(request)
    is_page = response.content_type == "text/html"
    if person.fresh and not response.prepared and (is_page or 300 <= response.status < 400):
        response.set_cookie(
            VIEWER_COOKIE,
            request.app[keys.SIGNER].viewer_token(person.viewer),
            max_age=int(timedelta(seconds=VIEWER_SECONDS).total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=is_secure(request),
        )
    return response


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A refusal becomes an answer in the caller's form: JSON for programs, a page for people."""
    try:
        return await handler(request)
    except Refused as refused:
        return refusal_response(request, refused.refusal)
    except web.HTTPNotFound:
        return refusal_response(request, Refusal(code="unknown", message="there is no such page"))
    except (RedisError, ConnectionError, TimeoutError) as error:
        if request.transport is None or request.transport.is_closing():
            raise  # whoever asked has gone: that says nothing about the store
        log.warning("%s %s: the store does not answer (%s)", request.method, request.path, type(error).__name__)
        return refusal_response(request, Refusal(code="unavailable", message="the store does not answer: try again"))
    except OSError as error:
        log.error("%s %s: %s (%s)", request.method, request.path, error, type(error).__name__)  # our own files
        return refusal_response(request, FILES)


def refusal_response(request: web.Request, refusal: Refusal) -> web.Response:
    status = STATUS_OF[refusal.code]
    if request.path.startswith(("/api/", "/socket.io/")) or request.query.get("format") == "json":
        text = render.to_json(Denied(error=refusal))
        return web.Response(text=text, status=status, content_type="application/json")
    if keys.LOCALE not in request:
        request[keys.LOCALE] = render.choose_language(request)
    return render.render(request, "message.html", status=status, refusal=refusal)


def is_secure(request: web.Request) -> bool:
    """Reached over https, directly or through a proxy that we are told to believe."""
    if request.app[keys.SETTINGS].behind_proxy:
        return request.headers.get("X-Forwarded-Proto") == "https"
    return request.secure
