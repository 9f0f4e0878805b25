"""One report's database: a DuckDB in memory over Parquet archives, asked by the SQL files of this folder.

Everything is pinned to the position at which the archive was opened, so all figures of a report agree
even if the archive grows meanwhile. Called by `build.py` and the exports, in a thread.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamhub.state.projection import START

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MB"
"""What one report may hold in memory; more goes to a temporary folder."""

THREADS = "2"
FETCHED = 1000
"""Rows taken at a time where all of them are wanted."""


class ArchiveBase:
    """Runs `NAME.sql`; parameters are bound, never written into the SQL."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def open(self, path: Path, view: str) -> str:
        """Make an archive readable under a name of ours; the position of its last entry."""
        facts = self._connection.read_parquet(str(path))
        [(last,)] = facts.aggregate("arg_max({ms: ms, seq: seq}, (ms, seq))").fetchall()
        if last is None:
            facts.create_view(view, replace=True)
            return START
        facts.filter(f"(ms, seq) <= ({last['ms']:d}, {last['seq']:d})").create_view(view, replace=True)
        return f"{last['ms']}-{last['seq']}"

    def run(self, name: str) -> None:
        """A file of several statements."""
        self._connection.execute(_sql(name))

    def rows(self, name: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """The rows of one figure, as column -> value."""
        result = self._connection.execute(_sql(name), parameters or None)
        names = [column[0] for column in result.description]
        while batch := result.fetchmany(FETCHED):
            for row in batch:
                yield dict(zip(names, row, strict=True))

    def row(self, name: str, **parameters: Any) -> Mapping[str, Any]:
        [found] = self.rows(name, **parameters)
        return found


@contextmanager
def archive_base() -> Iterator[ArchiveBase]:
    import duckdb

    with tempfile.TemporaryDirectory(prefix="streamhub-report-") as spill:
        config = {
            "threads": THREADS,
            "memory_limit": MEMORY,
            "temp_directory": spill,
            "autoinstall_known_extensions": "false",
        }
        with duckdb.connect(config=config) as connection:
            yield ArchiveBase(connection)


def _sql(name: str) -> str:
    return files("web.report").joinpath(f"{name}.sql").read_text("utf-8")
