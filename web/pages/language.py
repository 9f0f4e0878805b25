"""`/language?to=zh_CN&next=/...` and `/type?to=large&next=/...`: how a reader wants pages, kept in a cookie."""

from __future__ import annotations

from aiohttp import web

from web.render import LANGUAGE_COOKIE, LANGUAGES, TYPE_COOKIE

routes = web.RouteTableDef()
YEAR_SECONDS = 365 * 86400


@routes.get("/language")
async def language(request: web.Request) -> web.Response:
    return _remember(request, LANGUAGE_COOKIE, LANGUAGES)


@routes.get("/type")
async def type_size(request: web.Request) -> web.Response:
    return _remember(request, TYPE_COOKIE, ("normal", "large"))


def _remember(request: web.Request, cookie: str, allowed: tuple[str, ...]) -> web.Response:
    """Back to the page that the reader came from; an unknown wish changes nothing."""
    response = web.Response(status=303, headers={"Location": own_path(request.query.get("next", "/"))})
    if (wish := request.query.get("to", "")) in allowed:
        response.set_cookie(cookie, wish, max_age=YEAR_SECONDS, path="/", samesite="Lax", secure=request.secure)
    return response


def own_path(wanted: str) -> str:
    """A path on this server, never another one's address ("//elsewhere", "/\\elsewhere")."""
    plain = wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith("/") and not wanted.startswith("//") else "/"
