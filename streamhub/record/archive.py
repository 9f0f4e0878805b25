"""Log -> Parquet: the kept form of a finished (or running) broadcast or campaign, one file each.

Guarantees: the file is complete up to its last entry, in log order, and replaced in one step; entries that
this version cannot read are kept too (in `fact`, with `type` null). Callers: the report, `docs/report.md`
describes the columns. One column per field of any fact, typed from the Structs; see `archive_columns.py`.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
from redis.asyncio import Redis

from streamhub.facts import CODE_PATTERN, BroadcastFact
from streamhub.record.archive_columns import Columns, columns_of
from streamhub.record.log import READ_COUNT, Row, broadcast_key, campaign_key
from streamhub.state.projection import START, position

if TYPE_CHECKING:
    import duckdb  # where it is used it is imported then: a hub that writes no report does not carry it

MEMORY = "256MB"
"""What DuckDB may hold in memory; more goes to a temporary folder beside the archive."""

THREADS = "2"

_ERASES = b'{"type":"comment_erased"'
"""How a fact begins before which the archive may hold what the log has no more."""

_LINE = msgspec.json.Encoder()


async def archive_broadcast(store: Redis, code: str, folder: Path, *, whole: bool = False) -> Path:
    """Bring `folder/broadcasts/CODE/facts.parquet` up to the end of the log; its path.

    Reads only what came after the last archived entry, unless `whole`, or something was erased since. When the log has
    left the store, what was archived stays as it is."""
    target = archive_of_broadcast(folder, code)
    return await _archive(store, broadcast_key(code), columns_of(BroadcastFact), target, whole=whole)


async def archive_campaign(store: Redis, campaign: str, facts_union: Any, folder: Path, *, whole: bool = False) -> Path:
    """The same for `folder/campaigns/ID/facts.parquet`; `facts_union` is the module's `facts`."""
    target = archive_of_campaign(folder, campaign)
    return await _archive(store, campaign_key(campaign), columns_of(facts_union), target, whole=whole)


def archive_of_broadcast(folder: Path, code: str) -> Path:
    """Where the archive is or will be; raises ValueError for what is no code, which might leave the folder."""
    return folder / "broadcasts" / _code(code) / "facts.parquet"


def archive_of_campaign(folder: Path, campaign: str) -> Path:
    return folder / "campaigns" / _code(campaign) / "facts.parquet"


def _code(name: str) -> str:
    if not re.fullmatch(CODE_PATTERN, name):
        raise ValueError("not a code of a broadcast or campaign")
    return name


async def _archive(store: Redis, key: str, columns: Columns, target: Path, *, whole: bool) -> Path:
    folder = target.parent
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    first = await _rows(store, key, START, 1)
    if not first and await asyncio.to_thread(target.exists):
        return target
    kept = None if whole else await asyncio.to_thread(_kept, target, columns)
    if kept and not (kept[0] == first[0][0].decode() and await store.xrange(key, min=kept[1], max=kept[1], count=1)):
        kept = None  # another log under the same name, or one that lost its end: what we have is not its beginning
    with tempfile.TemporaryDirectory(prefix=".facts-", dir=folder) as scratch:
        lines = Path(scratch) / "new.ndjson"
        fresh, erased = await _spool(store, key, columns, kept[1] if kept else START, lines)
        if erased and kept:  # what was archived before has it still
            kept = None
            lines.unlink()
            await _spool(store, key, columns, START, lines)
        if fresh or not kept:
            await asyncio.to_thread(_write, lines, target if kept else None, columns, target)
    return target


async def _rows(store: Redis, key: str, after: str, count: int = READ_COUNT) -> list[Row]:
    return cast("list[Row]", await store.xrange(key, min=f"({after}", count=count))


async def _spool(store: Redis, key: str, columns: Columns, after: str, lines: Path) -> tuple[int, bool]:
    """The entries after a position as JSON lines, a batch at a time; how many there were, and whether one erases."""
    count, erased = 0, False
    lines.touch()
    while rows := await _rows(store, key, after):
        await asyncio.to_thread(_append_lines, lines, rows, columns)
        count += len(rows)
        erased = erased or any(fields.get(b"f", b"").startswith(_ERASES) for _, fields in rows)
        after = rows[-1][0].decode()
    return count, erased


def _append_lines(lines: Path, rows: Sequence[Row], columns: Columns) -> None:
    with lines.open("ab") as out:
        for entry_id, fields in rows:
            name = entry_id.decode()
            ms, seq = position(name)
            line = {"id": name, "ms": ms, "seq": seq, **columns.values(fields.get(b"f", b""))}
            out.write(_LINE.encode(line) + b"\n")


def _kept(target: Path, columns: Columns) -> tuple[str, str] | None:
    """First and last entry of the archive, if it is there, readable, and has today's columns."""
    if not target.exists():
        return None
    import duckdb

    with _base() as base:
        try:
            facts = base.read_parquet(str(target))
            types = {name: str(kind) for name, kind in zip(facts.columns, facts.types, strict=True)}
            types.pop("time", None)
            if types != {name: str(duckdb.type(kind)) for name, kind in columns.types.items()}:
                return None
            [ends] = facts.aggregate("arg_min(id, (ms, seq)), arg_max(id, (ms, seq))").fetchall()
        except duckdb.Error:
            return None
    return (ends[0], ends[1]) if ends[0] else None


def _write(lines: Path, before: Path | None, columns: Columns, target: Path) -> None:
    """What was archived before and the new lines, in log order, under the archive's name in one step."""
    written = lines.with_name("facts.parquet")
    with _base(lines.with_name("spill")) as base:
        facts = base.read_json(str(lines), columns=columns.types, format="newline_delimited")
        facts = facts.project("make_timestamp_ms(ms) AS time, *")
        if before:
            facts = base.read_parquet(str(before)).union(facts)
        facts.order("ms, seq").write_parquet(str(written), compression="zstd")
    with written.open("rb") as done:
        os.fsync(done.fileno())
    written.replace(target)


def _base(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A database of its own, in memory; it never reaches a network and never installs anything."""
    import duckdb

    config = {"threads": THREADS, "memory_limit": MEMORY, "autoinstall_known_extensions": "false"}
    return duckdb.connect(config=config | ({"temp_directory": str(spill)} if spill else {}))
