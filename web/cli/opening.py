"""`open` and `close`, which broadcasts and campaigns have alike. Called by `broadcast.py` and `campaign.py`."""

from __future__ import annotations

import click

from web.cli.frame import Group, as_json, print_json
from web.cli.server import Server, with_server


def can_be_opened(group: Group, named: str, example: str, *, opens: str, closes: str) -> None:
    """Adds both commands. `named` is what the thing is named by, in help and in JSON: code or id."""
    for verb, status, says in (("open", "open", opens), ("close", "closed", closes)):
        group.add_command(_moving(group.name or "", verb, status, named, says, example))


def _moving(group: str, verb: str, status: str, named: str, says: str, example: str) -> click.Command:
    @click.command(verb, cls=Group.command_class, help=says, example=f"streamhub {group} {verb} {example}")
    @click.argument("name", metavar=named.upper())
    @as_json
    @with_server
    def move(server: Server, name: str, as_json: bool) -> None:
        server.post(f"/api/{group}s/{name}/{verb}")
        if as_json:
            print_json({named: name, "status": status})
        else:
            click.echo(f"{name} is {status}.")

    return move
