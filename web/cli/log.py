"""`streamhub log`: the facts of a broadcast, one JSON object a line."""

from __future__ import annotations

import os
import sys

import click

from web.cli.frame import Command
from web.cli.server import Server, run, with_server


@click.command(cls=Command, example="streamhub log REEF --after 1763845212345-0 | jq -r .fact.type | sort | uniq -c")
@click.argument("code")
@click.option("--after", default="", help="Only what follows this log id.")
@with_server
def log(server: Server, code: str, after: str) -> None:
    """Print what happened in a broadcast, as JSON lines.

    Each line is {"id": ..., "fact": {"type": ..., ...}}, in the order in which it happened."""
    try:
        run(_print(server, code, after))
    except BrokenPipeError:  # `streamhub log CODE | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _print(server: Server, code: str, after: str) -> None:
    params = {"after": after} if after else {}
    async for line in server.client.lines(f"/api/broadcasts/{code}/log", **params):
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
