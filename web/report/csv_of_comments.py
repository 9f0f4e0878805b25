"""Comments of a broadcast as CSV for a spreadsheet: one row each, in the order in which they were said.

Cells that a spreadsheet would take for a formula get an apostrophe before them. Called by the page handler.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from pathlib import Path

from web.report.archive_base import archive_base

COLUMNS = (
    "id", "time_utc", "nick", "kind", "text", "status", "machine", "person", "reasons", "claim", "votes", "progress",
    "answer", "simulated", "via",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that start a formula in some spreadsheet program, full-width ones included."""

ROWS_AT_ONCE = 500
BOM = "\ufeff"
"""Tells spreadsheet programs that the Chinese in it is UTF-8."""


def comments_csv(path: Path) -> Generator[str, None, None]:
    """The file in pieces; `path` is the broadcast's archive. Run it in a thread."""
    buffer = io.StringIO(BOM)
    buffer.seek(0, io.SEEK_END)
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    with archive_base() as base:
        base.open(path, "facts")
        base.run("views")
        for n, row in enumerate(base.rows("comments_listed"), 1):
            writer.writerow({name: cell(value) for name, value in row.items()})
            if n % ROWS_AT_ONCE == 0:
                yield _taken(buffer)
    yield _taken(buffer)


def cell(value: object) -> str:
    """What may stand in a spreadsheet without becoming a formula. Numbers of ours are left as they are."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.lstrip(" \u3000\ufeff").startswith(FORMULA) else text


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
