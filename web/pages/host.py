"""The host's desk of one broadcast: questions first, then what wants review; complete as plain forms.

`browser/host.ts` keeps the same page up to date over the socket. Both send the same commands to the hub,
which decides; the page only shows what came of it. Moderators get the review alone.
"""

from __future__ import annotations

import contextlib
import secrets
from collections import defaultdict
from typing import Any, cast
from urllib.parse import urlencode

from aiohttp import web

from streamhub.commands import Refusal, Refused
from streamhub.facts import Note
from streamhub.live import views
from streamhub.live.hub import Hub
from streamhub.live.queue import REVIEW_LIMIT
from streamhub.live.reviewing import note_of
from streamhub.state.broadcast import BroadcastState
from streamhub.state.projection import START, position
from streamhub.wire import HeldView, QuestionView, Review
from web import desk, keys, review_words
from web.pages.sign_in import for_moderators
from web.render import message, render_long

routes = web.RouteTableDef()

ACTS = {
    "move": ("question", "to", "answer"),
    "decide": ("comment", "action", "turn", "claim", "fact", "source", "url", "reason"),
    "restrict": ("comment", "effect", "minutes", "reason"),
}
"""What a form of the desk may send on to the hub, which checks every field."""

CARD = ("claim", "fact", "source", "url")
AT_ONCE = REVIEW_LIMIT
"""Comments that one form decides together: as many as the desk lists."""


@routes.get("/host/{code}")
@for_moderators
async def show(request: web.Request) -> web.Response:
    """The desk, for hosts and moderators: `show` names the list, `sort` its order, `item` the selected one."""
    code = request.match_info["code"]
    return await _desk(request, code)


@routes.post("/host/{code}/{act:move|decide|restrict}")
@for_moderators
async def act(request: web.Request) -> web.Response:
    """Form fields are those of the command of that name; goes back to the desk, or shows it with the refusal.

    `alike` with a decision: the same for the held comments that say nearly the same."""
    code, name = request.match_info["code"], request.match_info["act"]
    form = await request.post()
    fields = {field: str(form.get(field, "")) for field in ("once", *ACTS[name])}
    hub, together = request.app[keys.HUB], []
    if name == "decide":
        if fields["action"] != "annotate":
            fields = {field: value for field, value in fields.items() if field not in CARD}
        if form.get("alike"):
            together = _alike((await hub.room(code)).review(), fields["comment"])
    try:
        done = await hub.perform(request[keys.PERSON], code, name, fields)
    except Refused as refused:
        return await _desk(request, code, refused.refusal, fields)
    if name == "restrict":
        return _back(code, form, done=fields["effect"])
    ids, late = await _each(request, code, fields, together)
    return _back(code, form, undo=",".join([done.id, *ids]), late=str(late))


@routes.post("/host/{code}/bulk")
@for_moderators
async def bulk(request: web.Request) -> web.Response:
    """`action` (publish or reject) for every `item` ("comment turn"); tells how many somebody else had decided."""
    code = request.match_info["code"]
    form = await request.post()
    fields = {"once": str(form.get("once", "")), "action": str(form.get("action", ""))}
    items = [str(item).partition(" ")[::2] for item in form.getall("item", [])]
    if not items:
        chosen = Refusal(code="invalid", message="choose at least one comment", field="item")
        return await _desk(request, code, chosen)
    ids, late = await _each(request, code, fields, items)
    return _back(code, form, undo=",".join(ids), late=str(late))


@routes.post("/host/{code}/undo")
@for_moderators
async def undo(request: web.Request) -> web.Response:
    """Takes back each `decision`."""
    code, last = request.match_info["code"], START
    form = await request.post()
    try:
        for number, decision in enumerate(form.getall("decision", [])[:AT_ONCE]):
            fields = {"once": f"{form.get('once', '')}-{number}", "decision": str(decision)}
            done = await request.app[keys.HUB].record(request[keys.PERSON], code, "undo", fields)
            last = max(last, done.id, key=position)
    except Refused as refused:
        return await _desk(request, code, refused.refusal)
    await _seen(request, code, last)
    return _back(code, form)


async def _seen(request: web.Request, code: str, entry: str) -> None:
    """Return when the next page shows this entry: waited for once, not after each of many."""
    with contextlib.suppress(TimeoutError):
        await (await request.app[keys.HUB].room(code)).reached(entry)


async def _each(
    request: web.Request, code: str, fields: dict[str, str], items: list[tuple[str, str]]
) -> tuple[list[str], int]:
    """Decide several comments alike: the entries made, and how many somebody else had decided before."""
    made, late = [], 0
    for number, (comment, turn) in enumerate(items[:AT_ONCE]):
        one = fields | {"once": f"{fields['once']}-{number}", "comment": comment, "turn": turn}
        try:
            made.append((await request.app[keys.HUB].record(request[keys.PERSON], code, "decide", one)).id)
        except Refused as refused:
            if refused.refusal.code != "conflict":
                raise
            late += 1
    await _seen(request, code, max(made, key=position, default=START))
    return made, late


def _alike(review: Review, comment: str) -> list[tuple[str, str]]:
    chosen = next((view for view in review.held if view.id == comment), None)
    return [(other.id, other.turn) for other in desk.alike(chosen, review)] if chosen else []


def _back(code: str, form: Any, **query: str) -> web.Response:
    there = {name: str(form.get(name, "")) for name in ("show", "sort")} | {k: v for k, v in query.items() if v}
    return web.Response(status=303, headers={"Location": f"/host/{code}?{urlencode(there)}"})


async def _desk(
    request: web.Request, code: str, refusal: Refusal | None = None, typed: dict[str, str] | None = None
) -> web.Response:
    """`typed` is what a refused form held: it comes back filled in."""
    typed = defaultdict(str, typed or {})
    hub, hosts = request.app[keys.HUB], request[keys.PERSON].hosts(code)
    room = await hub.room(code)
    state, say = room.state, message(request[keys.LOCALE])
    words = desk.words(say) | {"rule": review_words.rules(say, request[keys.LOCALE]), "kind": review_words.kinds(say)}
    words["reason"] |= review_words.unsure(say)
    questions, review = views.questions(state), room.review()
    lanes = desk.lanes_of(hosts=hosts)
    lane = cast("desk.Lane", _one_of(request.query.get("show"), lanes))
    sort = _one_of(request.query.get("sort"), ("votes", "age"))
    there = desk.in_lane(lane, sort, questions, review)
    wanted = typed.get("question") or typed.get("comment") or request.query.get("item")
    chosen = next((view for view in there if view.id == wanted), None)
    claims = _claims(hub, state, "claim_zh" if request[keys.LOCALE] == "zh_CN" else "claim_en")
    page = await render_long(
        request,
        hub.page_pace,
        "host.html",
        status=(409 if refusal.code == "conflict" else 400) if refusal else 200,
        broadcast=views.broadcast_view(state),
        lane=lane,
        sort=sort,
        lanes=lanes,
        counts=desk.counts(questions, review),
        rows=desk.rows(lane, there),
        opened=chosen is not None,
        item=_item(state, chosen or next(iter(there), None), review, words),
        words=words,
        shortcuts=desk.shortcuts(say, hosts=hosts),
        claims=claims,
        refusal=refusal,
        wrong=_wrong(refusal, words) if refusal else "",
        typed=typed,
        undo=_undo(state, request.query.get("undo", ""), request.query.get("late", "")),
        done=desk.restricted(request.query.get("done", ""), say),
        hosts=hosts,
        fare=review.moderation,
        once=secrets.token_urlsafe(12),
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def _one_of(value: str | None, allowed: tuple[str, ...]) -> str:
    return value if value in allowed else allowed[0]


def _claims(hub: Hub, state: BroadcastState, title: str) -> dict[str, Note]:
    """Every card that can be attached: the bank's and the broadcast's own, by title."""
    own = {name: note_of(claim) for name, claim in state.policy.claims.items()}
    return dict(sorted((dict(hub.notes) | own).items(), key=lambda pair: str(getattr(pair[1], title))))


def _item(
    state: BroadcastState, view: QuestionView | HeldView | None, review: Review, words: dict[str, dict[str, str]]
) -> dict[str, Any] | None:
    """The selected one, with what its author said besides and what others said alike."""
    if view is None:
        return None
    item: dict[str, Any] = {"kind": "question", "view": view, "said": desk.said_by(state, view.id), "note": view.note}
    if isinstance(view, HeldView):
        item |= {"kind": "held", "alike": desk.alike(view, review), "by": desk.actor(view.by, words)}
    return item


def _wrong(refusal: Refusal, words: dict[str, dict[str, str]]) -> str:
    """Why it was refused; who was first where two decided."""
    if refusal.code == "conflict" and refusal.field == "turn":
        if not refusal.limit:
            return words["say"]["since"]
        return words["say"]["first"] % {"who": desk.actor(refusal.limit, words)}
    return refusal.message


def _undo(state: BroadcastState, decisions: str, late: str) -> dict[str, Any] | None:
    """The decisions just made, those that still stand: offered to be taken back."""
    badge = text = ""
    standing = []
    for decision in decisions.split(",")[: AT_ONCE + 1]:
        if (name := state.questions.decision_of.get(decision)) and decision in state.questions.by_id[name].moves:
            badge = state.questions.by_id[name].moves[decision].to
        elif (name := state.comments.decision_of.get(decision)) and decision in state.comments.by_id[name].decisions:
            rejects = state.comments.by_id[name].decisions[decision].action == "reject"
            badge = "rejected" if rejects else "shown"
        else:
            continue
        text = state.comments.by_id[name].text
        standing.append(decision)
    if not standing:
        return None
    late_ones = int(late) if late.isdecimal() and len(late) < 4 else 0
    return {"decisions": standing, "count": len(standing), "badge": badge, "text": text, "late": late_ones}
