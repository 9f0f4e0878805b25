"""`streamhub link`: one-time sign-in links for hosts and organizers."""

from __future__ import annotations

import click
import msgspec

from web.cli.frame import Group, as_json, print_json
from web.cli.server import Server, with_server


@click.group(cls=Group, example="streamhub link host REEF")
def link() -> None:
    """Make one-time sign-in links. Whoever opens one first is signed in; hand it over privately."""


@link.command(example="streamhub link host REEF")
@click.argument("code")
@as_json
@with_server
def host(server: Server, code: str, as_json: bool) -> None:
    """A link that makes its opener a host of one broadcast."""
    _make(server, "host", code, as_json)


@link.command(example="streamhub link organizer --json")
@as_json
@with_server
def organizer(server: Server, as_json: bool) -> None:
    """A link that makes its opener an organizer."""
    _make(server, "organizer", "", as_json)


class Link(msgspec.Struct):
    url: str


def _make(server: Server, role: str, code: str, as_json: bool) -> None:
    made = msgspec.json.decode(server.post("/api/links", {"role": role, "broadcast": code}), type=Link)
    if as_json:
        print_json({"role": role, "broadcast": code, "url": made.url})
    else:
        click.echo(made.url)
