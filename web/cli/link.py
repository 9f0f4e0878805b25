"""`streamhub link`: one-time sign-in links for hosts, moderators and organizers, and taking them back."""

from __future__ import annotations

import secrets

import click
import msgspec

from web.cli.frame import Group, as_json, print_json
from web.cli.server import Server, with_server


@click.group(cls=Group, example="streamhub link host REEF")
def link() -> None:
    """Make one-time sign-in links, or revoke them. Whoever opens one first is signed in; hand it over privately."""


@link.command(example="streamhub link host REEF")
@click.argument("code")
@as_json
@with_server
def host(server: Server, code: str, as_json: bool) -> None:
    """A link that makes its opener a host of one broadcast."""
    _make(server, "host", code, as_json)


@link.command(example="streamhub link moderator REEF --name Bo")
@click.argument("code")
@click.option("--name", default="", help="Who it is for: stands beside their decisions.")
@as_json
@with_server
def moderator(server: Server, code: str, name: str, as_json: bool) -> None:
    """A link whose opener reviews comments of one broadcast, but runs neither its questions nor its rules."""
    _make(server, "moderator", code, as_json, name)


@link.command(example="streamhub link organizer --json")
@as_json
@with_server
def organizer(server: Server, as_json: bool) -> None:
    """A link that makes its opener an organizer."""
    _make(server, "organizer", "", as_json)


@link.command(example="streamhub link revoke REEF")
@click.argument("code")
@as_json
@with_server
def revoke(server: Server, code: str, as_json: bool) -> None:
    """Sign out all hosts and moderators of one broadcast, and void their links that were not used yet."""
    done = msgspec.json.decode(server.post(f"/api/broadcasts/{code}/revoke", {"once": secrets.token_urlsafe(12)}))
    if as_json:
        print_json({"broadcast": code, "id": done["id"]})
    else:
        click.echo(f"Whoever was host or moderator of {code} needs a new link: streamhub link host {code}")


class Link(msgspec.Struct):
    url: str


def _make(server: Server, role: str, code: str, as_json: bool, name: str = "") -> None:
    made = msgspec.json.decode(server.post("/api/links", {"role": role, "broadcast": code, "name": name}), type=Link)
    if as_json:
        print_json({"role": role, "broadcast": code, "url": made.url})
    else:
        click.echo(made.url)
