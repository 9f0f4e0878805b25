"""`streamhub travel`: trips that somebody collected in a table."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from web.cli.frame import Failed, Group, as_json, print_json
from web.cli.server import Server, with_server

FILE_LIMIT = 20_000_000
"""Bytes of one import; the server has its own limit too."""


@click.group(cls=Group, example="streamhub travel import trips.csv --campaign GREENWEEK")
def travel() -> None:
    """Low-carbon-travel campaigns."""


class LineError(msgspec.Struct, frozen=True):
    line: int
    field: str = ""
    message: str = ""
    limit: str = ""


class Imported(msgspec.Struct, frozen=True):
    """`review` are those of the accepted that a person looks at; `more_errors` are not told one by one."""

    accepted: int
    repeated: int
    review: int
    errors: list[LineError]
    more_errors: int = 0


@travel.command("import", example="streamhub travel import trips.csv --campaign GREENWEEK --json")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--campaign", required=True, help="Id of the campaign.")
@as_json
@with_server
def import_(server: Server, file: Path, campaign: str, as_json: bool) -> None:
    """Import trips from a CSV file with the columns person, team, date, mode, km.

    Importing a file twice counts nothing twice. Lines that cannot be used are named and left out; the exit
    code is 1 if no line could be used."""
    if file.stat().st_size > FILE_LIMIT:
        raise Failed(f"{file} is larger than {FILE_LIMIT // 1_000_000} MB: split it.")
    done = msgspec.json.decode(server.post(f"/api/campaigns/{campaign}/import", file.read_bytes()), type=Imported)
    if as_json:
        print_json(done)
    else:
        _print(done)
    if done.errors and not (done.accepted or done.repeated):
        raise SystemExit(1)


def _print(done: Imported) -> None:
    click.echo(f"Accepted {done.accepted} (of these {done.review} for review), known already {done.repeated}.")
    for error in done.errors:
        click.echo(f"line {error.line}: {error.field + ': ' if error.field else ''}{error.message}", err=True)
    if done.more_errors:
        click.echo(f"… and {done.more_errors} more lines that cannot be used.", err=True)
