"""When a hub process looks for reference cycles: while few are watching, and not in the middle of a full room.

Called by `roles.py`. A full collection visits every object: 45 ms with 5000 viewers, in which nobody is served.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

FEW = 300
"""With at most so many viewers a full collection takes less than three milliseconds."""

EVERY_SECONDS = 30.0

OLDER = 100
"""With more viewers, one full collection after so many of the younger ones (Python: 10), some 700,000 new objects:
the coming of 5000 viewers is a third of that. What may lie about until then is some tens of megabytes."""


def settle() -> None:
    """All that is loaded now stays: no collection looks at it again."""
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, OLDER)


async def collect_when_quiet(watching: Callable[[], int]) -> None:
    """Until cancelled. `watching` says how many viewers there are."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        if watching() <= FEW:
            gc.collect()
