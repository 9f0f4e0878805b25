"""A Valkey primary with two replicas, watched by three Sentinels, for the tests. Started by the fixtures."""

from __future__ import annotations

import asyncio
from pathlib import Path

from redis.exceptions import RedisError

from tests.faults.nodes import STORE_OPTIONS, Node, SeveralNodes, free_ports

DOWN_MS = 1500
"""A server that has said nothing for so long is taken for dead. On a busy machine Sentinels take a primary that they
have just promoted for dead too."""


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
        f"sentinel down-after-milliseconds {name} {DOWN_MS}\n"
        f"sentinel failover-timeout {name} 5000\n"
    )
