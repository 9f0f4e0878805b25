"""The computer: Python, data folder, disk, port, clock. Each examination takes what it judges as arguments."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from web.doctor.finding import Finding, bad, ok, warn

PYTHON_NEEDED = (3, 11)
DISK_BAD, DISK_WARN = 500_000_000, 2_000_000_000
"""Free bytes: below the first the store may stop taking writes, below the second it will before long."""

CLOCK_LIMIT = 2.0
"""Seconds by which two clocks may differ; log ids and sign-in links count on it."""

BUILT = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""A clock before this is one that was never set."""


def python(version: tuple[int, ...]) -> Finding:
    said = ".".join(map(str, version[:3]))
    if version[:2] >= PYTHON_NEEDED:
        return ok("python", f"Python {said}.")
    needed = ".".join(map(str, PYTHON_NEEDED))
    return bad("python", f"Python {said} is too old.", f"Install Python {needed} or newer, then `make install`.")


def folder(data: Path) -> Finding:
    """Whether files can be made in it; it may not be there yet."""
    existing = nearest(data)
    try:
        if existing == data:
            with tempfile.TemporaryFile(dir=data):
                pass
        elif not existing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{existing} is a file")
        elif not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, f"no permission in {existing}")
    except OSError as error:
        return bad(
            "data folder", f"The data folder {data} cannot be written: {error.strerror}.",
            f"Choose another with --data, or give this user the right to write there (chown, chmod {existing}).",
        )  # fmt: skip
    return ok("data folder", f"{data} can be written." if existing == data else f"{data} can be created.")


def disk(where: Path, free: int | None = None) -> Finding:
    """`free` bytes are measured where not given."""
    left = shutil.disk_usage(nearest(where)).free if free is None else free
    said = f"{left / 1e9:.1f} GB are free on the disk of {where}."
    advice = "Free some space, or move the data folder to a larger disk (--data)."
    if left < DISK_BAD:
        return bad("disk", f"Only {said} The store cannot keep what people write on a full disk.", advice)
    if left < DISK_WARN:
        return warn("disk", f"Only {said}", advice)
    return ok("disk", said)


def nearest(path: Path) -> Path:
    """The path itself, or the closest folder above it that is there."""
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def port(host: str, number: int, own: set[int] = frozenset()) -> Finding:  # type: ignore[assignment]  # empty is fine
    """Whether it can be listened on. `own` are processes of the StreamHub that we know of."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            return _no_port(host, number, error, own)
    return ok("port", f"Port {number} is free.")


def _no_port(host: str, number: int, error: OSError, own: set[int]) -> Finding:
    if error.errno == errno.EADDRINUSE:
        holder = holder_of(number)
        if holder is not None and holder[0] in own:
            return ok("port", f"Port {number} is used by this StreamHub itself (process {holder[0]}).")
        who = f"process {holder[0]} ({holder[1]})" if holder else "another program"
        return bad(
            "port", f"Port {number} is taken by {who}.",
            f"Stop that program, or choose another: streamhub serve --port {number + 1 if number < 65535 else 8080}",
        )  # fmt: skip
    if error.errno == errno.EACCES:
        return bad("port", f"Port {number} needs special rights.", "Choose one from 1024 up, as --port 8080.")
    return bad("port", f"Cannot listen on {host}: {error.strerror}.", "Use --host 127.0.0.1, or 0.0.0.0 for all.")


def holder_of(number: int) -> tuple[int, str] | None:
    """(process, name) that listens on a port, where Linux lets us see it."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening(table, number)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(each.readlink()) in sockets for each in (process / "fd").iterdir()):
                return int(process.name), (process / "comm").read_text("utf-8", "replace").strip()
        except OSError:
            continue  # gone meanwhile, or of another user
    return None


def _listening(table: str, number: int) -> list[str]:
    try:
        rows = Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]
    except OSError:
        return []
    cells = [row.split() for row in rows]
    return [cell[9] for cell in cells if cell[3] == "0A" and int(cell[1].rpartition(":")[2], 16) == number]


def clock(now: float, others: Mapping[str, float], drift: float = 0.0) -> Finding:
    """`others`: whose clock -> its time, all at the moment `now` (Unix seconds).

    `drift`: seconds that this clock gained on a clock that nobody sets, while we watched it."""
    advice = "Set it by the network: timedatectl set-ntp true"
    if now < BUILT:
        return bad("clock", f"This machine believes that it is {datetime.fromtimestamp(now, UTC):%Y-%m-%d}.", advice)
    if abs(drift) > CLOCK_LIMIT / 10:
        return bad("clock", f"This machine's clock jumped by {drift:+.1f} s while we watched.", advice)
    for whose, then in others.items():
        if abs(then - now) > CLOCK_LIMIT:
            direction = "ahead of" if then > now else "behind"
            return bad(
                "clock", f"The clock of {whose} is {abs(then - now):.0f} s {direction} this machine's.",
                f"{advice} (on both machines).",
            )  # fmt: skip
    compared = f" and agrees with {', '.join(others)}" if others else ""
    return ok("clock", f"The clock runs evenly{compared}.")
