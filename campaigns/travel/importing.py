"""A file of trips (CSV: person, team, date, mode, km; minutes and replaces may follow) read line by line.

Called by the hub's import path, which hands each row to the module's `decide`. A row's `once` comes from what
it says, so the same file twice adds nothing. Names of people in the file become marks and go no further.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

from campaigns.travel.acts import KM_LIMIT, MINUTES_LIMIT, LogTrip
from campaigns.travel.columns import COLUMNS, MODE_NAMES, REPLACED_NAMES, REQUIRED, plain
from campaigns.travel.facts import Mode, Replaced
from campaigns.travel.rules import team_name
from campaigns.travel.texts import LINE_ERRORS
from streamhub.campaign import Actor
from streamhub.commands import Refused

ROWS_LIMIT = 20_000
"""Rows of one file; a longer one is cut there, and says so."""

CELL_LIMIT = 80
"""Characters of one cell."""


class ImportedTrip(NamedTuple):
    """Decide with `act` and `actor`, append with `once`. `line` is its line in the file, from 1."""

    line: int
    once: str
    act: LogTrip
    actor: Actor


class LineError(NamedTuple):
    """`message` is an English sentence of `texts.py`, which has the Chinese one too."""

    line: int
    field: str
    message: str
    limit: str = ""


class Table(NamedTuple):
    """Field -> place in a row, and how many cells a row has."""

    places: dict[str, int]
    width: int


class _Wrong(Exception):
    """What is wrong with one cell: a key of `texts.LINE_ERRORS`, and the limit."""

    def __init__(self, key: str, limit: str = "") -> None:
        super().__init__(key)
        self.key, self.limit = key, limit


def text_of(data: bytes) -> str:
    """A file's bytes as text: UTF-8, UTF-16 with its mark, or what Chinese spreadsheets write (GB 18030)."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def parse(text: str) -> Iterator[ImportedTrip | LineError]:
    """Each row as a trip, or an error for each of its fields that is wrong. Empty lines are passed over."""
    rows = _rows(text.removeprefix("\ufeff"))
    first, header = next(rows, (1, None))
    if header is None:
        yield _error(first, "", "empty")
        return
    table, wrong = _table(first, header)
    yield from wrong
    if wrong:
        return
    seen: Counter[str] = Counter()
    for number, (line, cells) in enumerate(rows):
        if number >= ROWS_LIMIT:
            yield _error(line, "", "many_rows", f"<= {ROWS_LIMIT}")
            return
        values, errors = _values(line, cells, table)
        yield from errors
        if not errors:
            yield _imported(line, values, seen)


def _rows(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """(line, cells) of every line that is not empty; no cells where the line cannot be read.

    Every line stands alone, so a quote that is never closed costs one line and not the rest of the file."""
    lines = re.split(r"\r\n|\n|\r", text)
    first = next((line for line in lines if line.strip()), "")
    separator = max(",;\t，", key=first.count)
    for number, line in enumerate(lines, start=1):
        if not line.strip(" \t,;，"):
            continue
        try:
            yield number, next(csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True))
        except csv.Error:
            yield number, None


def _table(line: int, header: list[str]) -> tuple[Table, list[LineError]]:
    """Columns that we do not know are passed over."""
    places: dict[str, int] = {}
    wrong: list[LineError] = []
    for place, cell in enumerate(header):
        field = COLUMNS.get(plain(cell), "")
        if field in places:
            wrong.append(_error(line, field, "two_columns"))
        elif field:
            places[field] = place
    wrong += [_error(line, field, "no_column") for field in REQUIRED if field not in places]
    return Table(places, len(header)), wrong


def _values(line: int, cells: list[str] | None, table: Table) -> tuple[dict[str, Any], list[LineError]]:
    if cells is None:
        return {}, [_error(line, "", "unreadable")]
    if any(cell.strip() for cell in cells[table.width :]):
        return {}, [_error(line, "", "more_cells", f"<= {table.width}")]
    values: dict[str, Any] = {}
    errors: list[LineError] = []
    for field, read in _READERS.items():
        place = table.places.get(field, len(cells))
        written = unicodedata.normalize("NFKC", cells[place]).strip() if place < len(cells) else ""
        try:
            if len(written) > CELL_LIMIT:
                raise _Wrong("long", f"<= {CELL_LIMIT}")
            values[field] = read(written)
        except _Wrong as wrong:
            errors.append(_error(line, field, wrong.key, wrong.limit))
        except Refused as error:
            errors.append(LineError(line, field, error.refusal.message, error.refusal.limit))
    return values, errors


def _imported(line: int, values: dict[str, Any], seen: Counter[str]) -> ImportedTrip:
    """Rows that say the same are told apart by their number: there and back is two trips."""
    said = hashlib.sha256("\x1f".join(str(values[field]) for field in _READERS).encode()).hexdigest()[:32]
    seen[said] += 1
    person = values.pop("person")
    mark = hashlib.sha256(person.encode()).hexdigest()[:16]
    actor = Actor(person=f"import:{mark}", role="organizer", via="import")
    return ImportedTrip(line, f"row:{said}:{seen[said]}", LogTrip(row=line, **values), actor)


def _error(line: int, field: str, key: str, limit: str = "") -> LineError:
    return LineError(line, field, LINE_ERRORS[key].en, limit)


# ── one cell each ────────────────────────────────────────────────────────────────────────────────


def _person(written: str) -> str:
    if not written:
        raise _Wrong("empty")
    return " ".join(written.split()).casefold()


_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


def _date(written: str) -> str:
    found = _DAY.fullmatch(written)
    try:
        return date(*(int(part) for part in found.groups())).isoformat() if found else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> str:
    raise _Wrong("no_day")


def _mode(written: str) -> Mode:
    if (mode := MODE_NAMES.get(plain(written))) is None:
        raise _Wrong("no_mode" if written else "empty", ", ".join(dict.fromkeys(MODE_NAMES.values())))
    return mode


def _replaces(written: str) -> Replaced:
    if (replaced := REPLACED_NAMES.get(plain(written))) is None:
        raise _Wrong("no_mode", ", ".join(filter(None, dict.fromkeys(REPLACED_NAMES.values()))))
    return replaced


def _km(written: str) -> float:
    number = _number(re.sub(r"\s*(?:km|公里|千米)$", "", written, flags=re.IGNORECASE))
    if not 0 < number <= KM_LIMIT:
        raise _Wrong("out_of_range", f"> 0, <= {KM_LIMIT}")
    return number


def _minutes(written: str) -> int | None:
    if not written:
        return None
    number = round(_number(re.sub(r"\s*(?:min|minutes|分钟|分)$", "", written, flags=re.IGNORECASE)))
    if not 1 <= number <= MINUTES_LIMIT:
        raise _Wrong("out_of_range", f">= 1, <= {MINUTES_LIMIT}")
    return number


def _number(written: str) -> float:
    if not written:
        raise _Wrong("empty")
    if not re.fullmatch(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", written, flags=re.ASCII):
        raise _Wrong("no_number")
    return float(written) if len(written) < 20 else math.inf


_READERS: dict[str, Callable[[str], Any]] = {
    "person": _person,
    "team": team_name,
    "date": _date,
    "mode": _mode,
    "km": _km,
    "minutes": _minutes,
    "replaces": _replaces,
}
