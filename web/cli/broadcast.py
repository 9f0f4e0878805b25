"""`streamhub broadcast`: create, open, close and list broadcasts."""

from __future__ import annotations

from datetime import datetime

import click
import msgspec

from streamhub.commands import CreateBroadcast
from streamhub.facts import Stage
from web.cli.frame import Group, as_json, print_json, print_table
from web.cli.opening import can_be_opened
from web.cli.server import Server, checked, with_server


@click.group(cls=Group, example="streamhub broadcast create --code REEF --title 'An evening at the reef'")
def broadcast() -> None:
    """Create, open, close and list broadcasts."""


@broadcast.command(
    example="""\
streamhub broadcast create --code REEF --title 'An evening at the reef' \\
    --starts-at 2026-12-05T19:30+08:00 --stage bilibili:BV1xx411c7mD --campaign GREENWEEK"""
)
@click.option("--code", required=True, help="Short code that people type: 3 to 24 capital letters, digits, hyphens.")
@click.option("--title", required=True, help="At most 120 characters.")
@click.option("--starts-at", help="ISO date and time; without an offset, this machine's time zone.")
@click.option("--stage", default="none", help="demo, none, youtube:ID, bilibili:ID or hls:ADDRESS.", show_default=True)
@click.option("--campaign", "campaigns", multiple=True, help="Id of a campaign it belongs to; may be repeated.")
@as_json
@with_server
def create(
    server: Server, code: str, title: str, starts_at: str | None, stage: str, campaigns: tuple[str, ...], as_json: bool
) -> None:
    """Create a broadcast. It takes comments once it is opened."""
    command = checked(
        CreateBroadcast,
        code=code,
        title=title,
        starts_at=_milliseconds(starts_at),
        stage=msgspec.to_builtins(_stage(stage)),
        campaigns=campaigns,
    )
    server.post("/api/broadcasts", command)
    made = msgspec.json.decode(server.get(f"/api/broadcasts/{code}"), type=One).broadcast
    if as_json:
        print_json({"code": made.code, "title": made.title, "status": made.status, "links": made.links})
        return
    click.echo(f"{code} is {made.status}. Viewers: {made.links['viewer']}")
    if made.status == "scheduled":
        click.echo(f"It takes comments after: streamhub broadcast open {code}")


can_be_opened(
    broadcast,
    "code",
    "REEF",
    opens="Open a broadcast: from now on people can comment and ask.",
    closes="Close a broadcast: what was said stays readable, nothing is added.",
)


@broadcast.command("list", example="streamhub broadcast list --json")
@as_json
@with_server
def list_(server: Server, as_json: bool) -> None:
    """All broadcasts, newest first."""
    found = msgspec.json.decode(server.get("/api/broadcasts"), type=Several).broadcasts
    if as_json:
        print_json([_without_links(each) for each in found])
        return
    rows = [(each.code, each.status, _readable(each.starts_at), str(each.comments), each.title) for each in found]
    columns = ("Code", "Status", "Starts", "Comments", "Title")
    print_table(columns, rows, "No broadcast yet: streamhub broadcast create --help")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What we show of a broadcast. `starts_at` in Unix milliseconds."""

    code: str
    title: str
    status: str
    starts_at: int | None = None
    campaigns: tuple[str, ...] = ()
    simulated: bool = False
    people: int = 0
    comments: int = 0
    questions: int = 0
    links: dict[str, str] = {}


class One(msgspec.Struct):
    broadcast: Shown


class Several(msgspec.Struct):
    broadcasts: list[Shown]


def _without_links(shown: Shown) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(shown).items() if name != "links"}


def _stage(text: str) -> Stage:
    kind, _, source = text.partition(":")
    wants_source = {"demo": False, "none": False, "youtube": True, "bilibili": True, "hls": True}
    if kind not in wants_source or wants_source[kind] != bool(source):
        raise click.UsageError("--stage: must be demo, none, youtube:ID, bilibili:ID or hls:ADDRESS.")
    return msgspec.convert({"kind": kind, "source": source}, Stage)


def _milliseconds(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError):
        raise click.UsageError(f"--starts-at: {text!r} is not an ISO date and time, as 2026-12-05T19:30.") from None


def _readable(ms: int | None) -> str:
    return datetime.fromtimestamp(ms / 1000).astimezone().isoformat(" ", "minutes") if ms is not None else "–"
