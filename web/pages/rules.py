"""`/host/CODE/rules`: how a broadcast is moderated and who is restricted. Plain forms; every change is a fact.

Moderators read it and lift restrictions; hosts also set the policy; only organizers consent to training.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from streamhub.commands import Refusal, Refused
from streamhub.facts import (
    ClaimAdded,
    ClaimWithdrawn,
    HousePolicyChanged,
    PolicyChosen,
    TrainingConsented,
    WordListed,
    WordUnlisted,
)
from streamhub.live import views
from streamhub.state.policy import Policy
from streamhub.state.projection import position
from web import desk, keys
from web.pages.sign_in import for_moderators
from web.render import message, render

routes = web.RouteTableDef()

ACTS = {
    "choose_policy": ("preset", "reason"),
    "add_claim": ("claim_zh", "claim_en", "fact_zh", "fact_en", "source", "url"),
    "withdraw_claim": ("claim", "reason"),
    "list_word": ("word", "effect", "reason"),
    "unlist_word": ("word", "reason"),
    "consent": ("given",),
    "lift": ("viewer", "reason"),
}
"""What a form of the page may send on to the hub, which checks every field and role."""

Say = Callable[[str], str]


@routes.get("/host/{code}/rules")
@for_moderators
async def show(request: web.Request) -> web.Response:
    """Preset, claims, words, restrictions and who changed what."""
    code = request.match_info["code"]
    return await _page(request, code)


@routes.post("/host/{code}/rules/{act:" + "|".join(ACTS) + "}")
@for_moderators
async def change(request: web.Request) -> web.Response:
    """Form fields are those of the command of that name; goes back to the page, or shows it with the refusal."""
    code, name = request.match_info["code"], request.match_info["act"]
    form = await request.post()
    fields = {field: str(form.get(field, "")).strip() for field in ("once", *ACTS[name])}
    try:
        await request.app[keys.HUB].perform(request[keys.PERSON], code, name, fields)
    except Refused as refused:
        return await _page(request, code, name, refused.refusal, fields)
    return web.Response(status=303, headers={"Location": f"/host/{code}/rules?done={name}#{name}"})


async def _page(
    request: web.Request, code: str, act: str = "", refusal: Refusal | None = None, typed: dict[str, str] | None = None
) -> web.Response:
    """`act` is the form that was refused; `typed` is what it held."""
    room = await request.app[keys.HUB].room(code)
    say = message(request[keys.LOCALE])
    campaigns = [await request.app[keys.HUB].campaign(name) for name in room.state.details.campaigns]
    words, policy, person = desk.words(say), room.state.policy, request[keys.PERSON]
    page = render(
        request,
        "rules.html",
        status=400 if refusal else 200,
        broadcast=views.broadcast_view(room.state),
        policy=policy,
        presets=presets(say),
        lent=[(one.created.title, one.created.id, one.policy.words) for one in campaigns if one.policy.words],
        restricted=room.review().restricted,
        changes=[change | {"by": desk.actor(change["by"], words)} for change in history(policy, presets(say), say)],
        actor=lambda by: desk.actor(by, words),
        words=words,
        hosts=person.hosts(code),
        act=act,
        refusal=refusal,
        wrong=explain(refusal, say) if refusal else "",
        typed=defaultdict(str, typed or {}),
        done=request.query.get("done", ""),
        once=secrets.token_urlsafe(12),
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def presets(_: Say) -> dict[str, tuple[str, str]]:
    """Preset -> its name and what it is for."""
    return {
        "default": (_("Standard"), _("For most evenings: what is doubtful waits, everything else appears at once.")),
        "open": (_("Relaxed"), _("Where people know each other: only what is plainly wrong waits.")),
        "careful": (_("Careful"), _("For large rooms of strangers: what might harm waits a little more often.")),
        "school": (
            _("School"),
            _("Where children read along: insults and contacts wait, and two reports hide a comment."),
        ),
        "emergency": (
            _("Emergency"),
            _("While a flood or fire lasts: rumours wait, and one report hides a comment."),
        ),
    }


def history(policy: Policy, names: dict[str, tuple[str, str]], _: Say) -> list[dict[str, Any]]:
    """Who changed what and when, the latest first."""

    def told(fact: object) -> str:
        match fact:
            case PolicyChosen():
                return _("Policy: %(name)s") % {"name": names[fact.preset][0]}
            case HousePolicyChanged():
                return _("Policy of the house: %(name)s") % {"name": fact.policy}
            case ClaimAdded():
                return _("Claim added: %(claim)s") % {"claim": fact.claim_zh or fact.claim_en}
            case ClaimWithdrawn():
                return _("Claim withdrawn: %(claim)s") % {"claim": fact.claim}
            case WordListed(effect="allow"):
                return _("Always allowed: %(word)s") % {"word": fact.word}
            case WordListed():
                return _("Held for a person: %(word)s") % {"word": fact.word}
            case WordUnlisted():
                return _("Word taken off: %(word)s") % {"word": fact.word}
            case TrainingConsented(given=True):
                return _("Training with decisions of this broadcast: allowed")
            case _other:
                return _("Training with decisions of this broadcast: not allowed")

    return [
        {"what": told(fact), "by": fact.by, "why": getattr(fact, "reason", ""), "at": _when(entry)}
        for entry, fact in reversed(policy.changes.items())
    ]


def _when(entry: str) -> datetime:
    return datetime.fromtimestamp(position(entry)[0] / 1000, UTC)


def explain(refusal: Refusal, _: Say) -> str:
    """The refusal as a sentence, by the field that it is about."""
    by_field = {
        "source": _("A claim needs the source of its fact: who says so, and where."),
        "url": _("The source needs a web address that begins with https://."),
        "claim_zh": _("Write the claim and the fact that answers it, both in the same language."),
        "claim_en": _("Write the claim and the fact that answers it, both in the same language."),
        "fact_zh": _("A claim needs the fact that answers it, in the same language."),
        "fact_en": _("A claim needs the fact that answers it, in the same language."),
        "word": _("A word has 2 to 60 letters; one letter would fit almost everything."),
    }
    if refusal.code == "conflict" and refusal.limit.startswith("<="):
        return _("The list is full. Take one off first.")
    if refusal.code == "conflict":
        return _("That is so already.")
    if refusal.code == "forbidden":
        return _("This needs another role.")
    return by_field.get(refusal.field, refusal.message)
