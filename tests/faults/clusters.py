"""A Valkey Cluster of three primaries with a replica each, for the tests, and its slots while they move."""

from __future__ import annotations

import asyncio
from pathlib import Path

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.faults.nodes import START_SECONDS, STORE_OPTIONS, Node, SeveralNodes, free_ports

SLOTS = 16384
DOWN_MS = 1000
"""A node that has said nothing for so long is taken for dead by the others."""


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
        return await self.primary_of_slot(key_slot(key.encode()))

    async def primary_of_slot(self, slot: int) -> Node:
        for first, last, ports in await self.shards():
            if first <= slot <= last:
                return self.node_at(ports[0])
        raise LookupError("nobody has this slot")

    async def join(self) -> Node:
        """One more server, known to all, that has no slot yet and no replica."""
        port = free_ports(1, bus=True)[0]
        folder = self.nodes[0].folder.parent / str(port)
        node = Node(folder, port, "--cluster-enabled", "yes", "--cluster-node-timeout", str(DOWN_MS), *STORE_OPTIONS)
        node.start()
        self.nodes.append(node)
        await node.ready()
        async with node.client as client, asyncio.timeout(START_SECONDS):
            await client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port)
            name = await _name(client)
            while b"cluster_state:ok" not in await client.execute_command("CLUSTER", "INFO"):
                await asyncio.sleep(0.05)
            for other in self.nodes[:-1]:
                async with other.client as theirs:
                    while name.encode() not in await theirs.execute_command("CLUSTER", "NODES"):
                        await asyncio.sleep(0.05)
        return node

    async def another_than(self, primary: Node) -> Node:
        return next(self.node_at(ports[0]) for _, _, ports in await self.shards() if ports[0] != primary.port)

    async def replica_of(self, primary: Node) -> Node:
        return next(self.node_at(ports[1]) for _, _, ports in await self.shards() if ports[0] == primary.port)

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


class Move:
    """The slot of a key on its way to another primary, in the steps that `valkey-cli --cluster reshard` takes."""

    def __init__(self, cluster: ClusterOfNodes, key: str, source: Node, target: Node) -> None:
        self._cluster = cluster
        self._slot = key_slot(key.encode())
        self._target = target
        self._old, self._new = source.client, target.client

    @classmethod
    async def begin(cls, cluster: ClusterOfNodes, key: str, target: Node | None = None) -> Move:
        """From now on the old server sends on whoever asks for a key that it does not have."""
        source = await cluster.primary_of(key)
        move = cls(cluster, key, source, target or await cluster.another_than(source))
        await move._say(move._new, "IMPORTING", await _name(move._old))
        await move._say(move._old, "MIGRATING", await _name(move._new))
        return move

    async def keys(self) -> list[str]:
        """What the old server still has, at most a hundred."""
        found = await self._old.execute_command("CLUSTER", "GETKEYSINSLOT", self._slot, 100)
        return [key.decode() for key in found]

    async def carry(self, *keys: str) -> None:
        await self._old.execute_command("MIGRATE", "127.0.0.1", self._target.port, "", 0, 5000, "KEYS", *keys)

    async def end(self) -> None:
        """The new server has the slot; the primaries are told one after another, the new one first."""
        name = await _name(self._new)
        others = {ports[0] for _, _, ports in await self._cluster.shards()} - {self._target.port}
        for node in (self._target, *map(self._cluster.node_at, others)):
            async with node.client as client:
                await self._say(client, "NODE", name)
        async with asyncio.timeout(START_SECONDS):
            while (await self._cluster.primary_of_slot(self._slot)) is not self._target:
                await asyncio.sleep(0.05)
        await self._old.aclose()
        await self._new.aclose()

    async def _say(self, client: Redis, *words: str) -> None:
        await client.execute_command("CLUSTER", "SETSLOT", self._slot, *words)


async def move_key_by_key(cluster: ClusterOfNodes, key: str, pause: float) -> None:
    """With a pause after each, in which some keys of the slot are here and some are there."""
    move = await Move.begin(cluster, key)
    while keys := await move.keys():
        await move.carry(keys[0])
        await asyncio.sleep(pause)
    await move.end()


async def move_at_once(cluster: ClusterOfNodes, key: str) -> None:
    """As Valkey 9 offers it: a copy that is kept up to date, then one step."""
    slot = key_slot(key.encode())
    source = await cluster.primary_of(key)
    target = await cluster.another_than(source)
    async with source.client as old, target.client as new:
        await old.execute_command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", await _name(new))
    async with asyncio.timeout(START_SECONDS):
        while await cluster.primary_of(key) is not target:
            await asyncio.sleep(0.05)


async def _name(client: Redis) -> str:
    name: bytes = await client.execute_command("CLUSTER", "MYID")
    return name.decode()
