"""Organizers' forms: fields as typed -> commands, and refusals -> a sentence beside the field it is about.

Called by `pages/organize.py`. The commands are those of the JSON API; only times and zones are read here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from streamhub.commands import CreateBroadcast, CreateCampaign, Refusal, decode, refuse
from web import programme

Fields = dict[str, str | list[str]]
Say = Callable[[str], str]

_WORDS = ("REEF", "TIDE", "LEAF", "MOSS", "FERN", "PINE", "RIVER", "CORAL", "HERON", "OTTER", "MAPLE", "DELTA")
ZONE_OF = {"zh_CN": "Asia/Shanghai", "en": "UTC"}
"""Where nothing better is known; with JavaScript the browser's own zone is filled in."""


def suggested_code() -> str:
    """Easy to say and type; whether it is free is found out when it is used."""
    return f"{secrets.choice(_WORDS)}-{secrets.randbelow(9000) + 1000}"


def new_broadcast(language: str) -> Fields:
    return {
        "title": "", "code": suggested_code(), "starts_at": "", "timezone": ZONE_OF[language], "kind": "demo",
        "source": "", "campaigns": [],
    }  # fmt: skip


def new_campaign(language: str, today: date) -> Fields:
    monday = today + timedelta(days=7 - today.weekday())
    return {
        "title": "", "id": suggested_code(), "module": "travel", "starts_on": monday.isoformat(),
        "ends_on": (monday + timedelta(days=6)).isoformat(), "timezone": ZONE_OF[language],
    }  # fmt: skip


def broadcast(typed: Fields) -> CreateBroadcast:
    """The command; raises Refused with the field's name as in the form."""
    starts_at = _moment(str(typed["starts_at"]), str(typed["timezone"]))
    return decode(
        CreateBroadcast,
        {
            "code": str(typed["code"]).strip().upper(),
            "title": str(typed["title"]).strip(),
            "starts_at": starts_at,
            "stage": {"kind": typed["kind"], "source": str(typed["source"]).strip()},
            "campaigns": tuple(typed["campaigns"]),
        },
    )


def campaign(typed: Fields) -> CreateCampaign:
    values = {**typed, "id": str(typed["id"]).strip().upper(), "title": str(typed["title"]).strip()}
    return decode(CreateCampaign, values)


def _moment(text: str, zone: str) -> int | None:
    """A wall-clock time in a zone as Unix milliseconds; None where none is given."""
    where = programme.zone(zone)
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise refuse("invalid", field="starts_at") from None
    return int(local.replace(tzinfo=where).timestamp() * 1000)


@lru_cache
def zones() -> list[str]:
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]


def field_of(refusal: Refusal) -> str:
    """The form's name of the refused field."""
    last = refusal.field.rpartition(".")[2].partition("[")[0]
    return {"stage": "source"}.get(last, last)


def explain(refusal: Refusal, _: Say) -> str:
    """The refusal as a sentence that names the limit."""
    by_field: Mapping[str, str] = {
        "code": _("A code has 3 to 24 capital letters, digits and hyphens, such as REEF-2026."),
        "id": _("A name has 3 to 24 capital letters, digits and hyphens, such as GREEN-WEEK."),
        "title": _("A title has 1 to 120 characters."),
        "starts_at": _("This is not a date and time that we can read. Leave it empty to open by hand."),
        "timezone": _("There is no such time zone. Choose one from the list, such as Asia/Shanghai."),
        "kind": _("Choose one of these pictures."),
        "source": {
            "an HLS stream needs an address that begins with https://": _(
                "An HLS stream needs an address that begins with https:// or http:// and ends with .m3u8."
            ),
            "this does not look like a YouTube address or video id": _(
                "This does not look like a YouTube address. Copy it from the browser: https://www.youtube.com/watch?v=…"
            ),
            "this does not look like a bilibili address or BV id": _(
                "This does not look like a bilibili address. Copy it from the browser: "
                "https://www.bilibili.com/video/BV…"
            ),
        }.get(refusal.message, _("An address has at most 500 characters.")),
        "campaigns": _("Choose at most eight of the campaigns below."),
        "starts_on": _("This is not a day that we can read: year-month-day, such as 2026-11-22."),
        "ends_on": _("The last day is a day, and not before the first."),
        "module": _("There is no such kind of campaign."),
        "file": _("Choose a CSV file of at most 2 MB."),
    }
    if refusal.code == "conflict" and refusal.field in ("code", "id"):
        return _("This one is taken. Choose another.")
    return by_field.get(field_of(refusal), "") or state_sentence(refusal, _)


def state_sentence(refusal: Refusal, _: Say) -> str:
    """What cannot be done now, and why."""
    known = {
        "it is open already": _("It is open already."),
        "it is closed already": _("It is closed already."),
        "it has not been opened yet": _("It has not been opened yet."),
    }
    return known.get(refusal.message) or {
        "closed": _("The campaign is not open: open it first."),
        "unavailable": _("The store does not answer. Nothing was kept; try again in a moment."),
    }.get(refusal.code, refusal.message)
