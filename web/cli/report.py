"""`streamhub report`: what a broadcast came to, as a page or as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from web.cli.frame import Command, Failed
from web.cli.server import Server, with_server


@click.command(cls=Command, example="streamhub report REEF --format html -o reef.html")
@click.argument("code")
@click.option("--format", "format_", type=click.Choice(["html", "json"]), default="html", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else the screen.")
@with_server
def report(server: Server, code: str, format_: str, output: Path | None) -> None:
    """The report of a broadcast, counted from its log."""
    body = server.get(f"/report/{code}", format=format_)
    if output is None:
        sys.stdout.buffer.write(body.rstrip() + b"\n")
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(body)
    except OSError as error:
        raise Failed(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"Wrote {output} ({len(body):,} bytes).", err=True)
