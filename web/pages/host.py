"""The host's desk of one broadcast: questions first, then what is held; complete as plain forms.

`browser/host.ts` keeps the same page up to date over the socket. Both send the same commands to the hub,
which decides; the page only shows what came of it.
"""

from __future__ import annotations

import secrets
from typing import Any, cast, get_args
from urllib.parse import urlencode

from aiohttp import web

from streamhub.commands import Refusal, Refused
from streamhub.live import views
from streamhub.state.broadcast import BroadcastState
from streamhub.wire import HeldView, QuestionView
from web import desk, keys
from web.pages.sign_in import keep_out
from web.render import message, render

routes = web.RouteTableDef()

UNDO_SECONDS = 10
ACTS = {"move": ("question", "to", "answer"), "decide": ("comment", "action", "claim", "reason"), "undo": ("decision",)}
"""What a form of the desk may send on to the hub, which checks every field."""


@routes.get("/host/{code}")
async def show(request: web.Request) -> web.Response:
    """The desk, for its hosts and organizers: `show` names the list, `sort` its order, `item` the selected one."""
    code = request.match_info["code"]
    if not request[keys.PERSON].hosts(code):
        return keep_out(request, broadcast=code)
    return await _desk(request, code)


@routes.post("/host/{code}/{act:move|decide|undo}")
async def act(request: web.Request) -> web.Response:
    """Form fields are those of the command of that name; goes back to the desk, or shows it with the refusal."""
    code, name = request.match_info["code"], request.match_info["act"]
    if not request[keys.PERSON].hosts(code):
        return keep_out(request, broadcast=code)
    form = await request.post()
    fields = {field: str(form.get(field, "")) for field in ("once", *ACTS[name])}
    if fields.get("action") != "annotate":
        fields.pop("claim", None)
    try:
        done = await request.app[keys.HUB].perform(request[keys.PERSON], code, name, fields)
    except Refused as refused:
        return await _desk(request, code, refused.refusal, fields)
    query = {"show": str(form.get("show", "")), "sort": str(form.get("sort", ""))}
    if name != "undo":
        query["undo"] = done.id
    return web.Response(status=303, headers={"Location": f"/host/{code}?{urlencode(query)}"})


async def _desk(
    request: web.Request, code: str, refusal: Refusal | None = None, typed: dict[str, str] | None = None
) -> web.Response:
    """`typed` is what a refused form held: it comes back filled in."""
    typed = {"answer": "", "claim": ""} | (typed or {})
    hub = request.app[keys.HUB]
    room = await hub.room(code)
    state = room.state
    questions, review = views.questions(state), room.review()
    lane = cast("desk.Lane", _one_of(request.query.get("show"), get_args(desk.Lane)))
    sort = _one_of(request.query.get("sort"), ("votes", "age"))
    there = desk.in_lane(lane, sort, questions, review)
    wanted = typed.get("question") or typed.get("comment") or request.query.get("item")
    chosen = next((view for view in there if view.id == wanted), None)
    title = "claim_zh" if request[keys.LOCALE] == "zh_CN" else "claim_en"
    page = render(
        request,
        "host.html",
        status=400 if refusal else 200,
        broadcast=views.broadcast_view(state),
        lane=lane,
        sort=sort,
        lanes=desk.LANES,
        counts=desk.counts(questions, review),
        rows=[desk.row(lane, view) for view in there],
        opened=chosen is not None,
        item=_item(state, chosen or next(iter(there), None)),
        words=desk.words(message(request[keys.LOCALE])),
        claims=dict(sorted(hub.notes.items(), key=lambda pair: getattr(pair[1], title))),
        refusal=refusal,
        typed=typed,
        undo=_undo(state, request.query.get("undo", "")),
        undo_seconds=UNDO_SECONDS,
        once=secrets.token_urlsafe(12),
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def _one_of(value: str | None, allowed: tuple[str, ...]) -> str:
    return value if value in allowed else allowed[0]


def _item(state: BroadcastState, view: QuestionView | HeldView | None) -> dict[str, Any] | None:
    """The selected one, with what its author said besides."""
    if view is None:
        return None
    kind = "held" if isinstance(view, HeldView) else "question"
    return {"kind": kind, "view": view, "said": desk.said_by(state, view.id), "note": view.note}


def _undo(state: BroadcastState, decision: str) -> dict[str, str] | None:
    """The decision just made, if it still stands: offered to be taken back."""
    badge: str
    if (question := state.questions.decision_of.get(decision)) and decision in state.questions.by_id[question].moves:
        badge = state.questions.by_id[question].moves[decision].to
    elif (question := state.comments.decision_of.get(decision)) and decision in (
        made := state.comments.by_id[question].decisions
    ):
        badge = "rejected" if made[decision].action == "reject" else "shown"
    else:
        return None
    return {"decision": decision, "badge": badge, "text": state.comments.by_id[question].text}
