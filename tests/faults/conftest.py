"""One server for all faults, and how long they go on: a short round in the ordinary suite, `make soak` for the long."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.faults.clusters import ClusterOfNodes
from tests.faults.crowd import Crowd
from tests.faults.nodes import SeveralNodes
from tests.faults.sentinels import SentinelsAndNodes
from tests.running import Running

Nodes = TypeVar("Nodes", bound=SeveralNodes)

ROUNDS = int(os.environ.get("ROUNDS", "5"))


@pytest.fixture
def seed() -> int:
    """SEED repeats a run's choices (not its timing); printed where a test fails."""
    chosen = int(os.environ.get("SEED") or random.randrange(10**6))
    print(f"SEED={chosen}")
    return chosen


@pytest.fixture(scope="session")
def stricken(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    """A server of two hubs that tests may treat badly; each leaves it running and uses a broadcast of its own."""
    running = Running(tmp_path_factory.mktemp("stricken"), "--hubs", "2", environ={"STREAMHUB_MODEL": str(model)})
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture
async def crowd(stricken: Running, seed: int, request: pytest.FixtureRequest) -> AsyncIterator[Crowd]:
    """Eight people who have come; a campaign belongs to their broadcast."""
    name = request.node.name.upper().replace("_", "-")[5:25].strip("-")
    await stricken.campaign(f"{name}-WEEK")
    code = await stricken.broadcast(name, campaigns=[f"{name}-WEEK"])
    crowd = Crowd(stricken, code, f"{name}-WEEK", seed)
    await crowd.gather()
    yield crowd
    await crowd.leave()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[ClusterOfNodes]:
    async with started(ClusterOfNodes(tmp_path / "nodes")) as nodes:
        yield nodes


@pytest.fixture(params=[ClusterOfNodes, SentinelsAndNodes], ids=["cluster", "sentinels"])
async def several(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SeveralNodes]:
    """One set-up after another: the test is about both."""
    async with started(request.param(tmp_path / "nodes")) as nodes:
        yield nodes


@contextlib.asynccontextmanager
async def started(nodes: Nodes) -> AsyncIterator[Nodes]:
    try:
        await nodes.start()
        yield nodes
    finally:
        nodes.stop()
