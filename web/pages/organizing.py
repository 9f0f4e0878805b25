"""What the organizer's pages share: forms that come back as typed, changes, and never from a cache."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from streamhub.commands import Refusal, Refused
from web import forms, keys
from web.render import message, render


async def typed_in(request: web.Request, blank: forms.Fields) -> forms.Fields:
    """Every field of the form as it was typed; what was left out is as in an empty form."""
    form = await request.post()
    return {
        name: [str(value) for value in form.getall(name, [])] if isinstance(value, list) else str(form.get(name, ""))
        for name, value in blank.items()
    }


def form_page(
    request: web.Request, template: str, typed: forms.Fields, refusal: Refusal | None, **context: object
) -> web.Response:
    return page(
        request,
        template,
        status=400 if refusal else 200,
        typed=typed,
        zones=forms.zones(),
        wrong_field=forms.field_of(refusal) if refusal else "",
        wrong=forms.explain(refusal, say(request)) if refusal else "",
        **context,
    )


async def changed(
    doing: Awaitable[object], address: str, again: Callable[[Refusal], Awaitable[web.Response]]
) -> web.Response:
    """To the address once it is done; the page `again`, with a word on it, where somebody else was first."""
    try:
        await doing
    except Refused as refused:
        if refused.refusal.code != "conflict":
            raise
        return await again(refused.refusal)
    return to(address)


def page(request: web.Request, template: str, *, status: int = 200, **context: object) -> web.Response:
    response = render(request, template, status=status, **context)
    response.headers["Cache-Control"] = "no-store"
    return response


def say(request: web.Request) -> forms.Say:
    return message(request[keys.LOCALE])


def to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
