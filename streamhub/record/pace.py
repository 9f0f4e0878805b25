"""Long work in slices, one slice a turn of the event loop, so that nobody who is served by it waits for long.

A hub process has two: for broadcasts that are opened or let go (`live/rooms.py`), and for long pages (`live/hub.py`).
"""

from __future__ import annotations

import asyncio

BREATH_SECONDS = 1e-6
"""Between two turns: not 0, with which the loop would go on before it looks at what has come in."""

SLICE_SECONDS = 0.001
"""How long a slice should be, where the clock decides: beside it, a turn has the sweep over the viewers."""


class Pace:
    """`async with pace:` around each slice of a millisecond or two. However many works are cut into slices, no two
    slices share a turn of the loop, and the works take turns."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._turn.acquire()

    async def __aexit__(self, *_: object) -> None:
        try:
            await asyncio.sleep(BREATH_SECONDS)
        finally:
            self._turn.release()
