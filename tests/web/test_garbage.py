"""Full collections wait for a quiet moment, and then come."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from web import garbage


class Knot:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
    gc.collect()


def full_collections() -> int:
    return int(gc.get_stats()[2]["collections"])


def test_a_crowd_that_comes_starts_no_full_collection() -> None:
    garbage.settle()
    before = full_collections()
    crowd = [[{}, []] for _ in range(75_000)]  # as many objects as 5000 viewers bring
    assert len(crowd) == 75_000 and full_collections() == before


async def test_knots_are_found_while_few_are_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "EVERY_SECONDS", 0.01)
    garbage.settle()
    viewers = garbage.FEW + 1
    tidying = asyncio.create_task(garbage.collect_when_quiet(lambda: viewers))
    knot = Knot()
    seen = weakref.ref(knot)
    gc.collect(1)  # it is old now
    del knot
    before = full_collections()
    await asyncio.sleep(0.1)
    assert seen() is not None and full_collections() == before
    viewers = garbage.FEW
    async with asyncio.timeout(10):
        while seen() is not None:
            await asyncio.sleep(0.01)
    tidying.cancel()
