"""`/b/CODE/comments/ID`: one comment, to report it or, for its author, to object to what became of it.

Complete without JavaScript; the viewer's island does the same in place. Both send the hub's commands.
"""

from __future__ import annotations

import secrets

from aiohttp import web

from streamhub.commands import Refusal, Refused, refuse
from streamhub.live import views
from web import keys
from web.render import message, render
from web.texts import watch_texts

routes = web.RouteTableDef()

KNOWN = {"comment": "report.again", "turn": "report.kept", "reports": "report.enough"}
"""Field of a refused report -> what its reader is told."""


@routes.get("/b/{code}/comments/{comment}")
async def show(request: web.Request) -> web.Response:
    """The comment with the form that is open to this viewer; only its author sees it while it is not shown."""
    return await _page(request, request.match_info["comment"])


@routes.post("/b/{code}/reports")
async def report(request: web.Request) -> web.Response:
    """`comment`, `why`, `once`: those of the command `report`."""
    return await _send(request, "report", ("comment", "why"))


@routes.post("/b/{code}/appeals")
async def appeal(request: web.Request) -> web.Response:
    """`comment`, `text`, `once`: those of the command `appeal`."""
    return await _send(request, "appeal", ("comment", "text"))


@routes.post("/b/{code}/erasures")
async def erase(request: web.Request) -> web.Response:
    """`comment`, `reason`, `once`: those of the command `erase`."""
    return await _send(request, "erase", ("comment", "reason"))


async def _send(request: web.Request, act: str, names: tuple[str, ...]) -> web.Response:
    form, code = await request.post(), request.match_info["code"]
    fields = {name: str(form.get(name, "")).strip() for name in ("once", *names)}
    if not fields.get("why", "other"):
        fields["why"] = "other"
    try:
        await request.app[keys.HUB].perform(request[keys.PERSON], code, act, fields)
    except Refused as refused:
        return await _page(request, fields["comment"], act, refused.refusal, fields.get("text", ""))
    place = f"/b/{code}/comments/{fields['comment']}"
    return web.Response(status=303, headers={"Location": f"{place}?done={act}"})


async def _page(
    request: web.Request, comment: str, act: str = "", refusal: Refusal | None = None, typed: str = ""
) -> web.Response:
    """`act` is what was refused; `typed` what it held."""
    room = await request.app[keys.HUB].room(request.match_info["code"])
    found = room.state.comments.by_id.get(comment)
    person = request[keys.PERSON]
    mine, hosts = found is not None and found.viewer == person.viewer, person.hosts(room.code)
    if found is None or not (mine or hosts or found.status == "shown"):
        raise refuse("unknown", "there is no such comment", field="comment")
    texts = watch_texts(message(request[keys.LOCALE]))
    return render(
        request,
        "comment.html",
        status=400 if refusal else 200,
        broadcast=views.broadcast_view(room.state),
        comment=views.shown_comment(room.state, found),
        outcome=views.outcome(room.state, found) if mine else None,
        erases=(mine or hosts) and not found.erased,
        erased=found.erased,
        texts=texts,
        wrong=_wrong(act, refusal, texts) if refusal else "",
        typed=typed,
        done=request.query.get("done", ""),
        once=secrets.token_urlsafe(12),
    )


def _wrong(act: str, refusal: Refusal, texts: dict[str, str]) -> str:
    known = KNOWN.get(refusal.field) if act == "report" and refusal.code == "conflict" else None
    text = texts[known or f"refusal.{refusal.code}"]
    return text.replace("{n}", str(round(refusal.retry_after or 1))).replace("{time}", refusal.limit)
