"""Votes of the demonstration's voices: each question gets its number, one by one, after it was asked.

Called by `load.py`. Who votes is fixed by the question, and each vote carries a fixed `once`: a second run
votes for nothing twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from streamhub.commands import Refused
from web.replaying.room import Gone, Room

SPREAD_SECONDS = 120.0
"""At speed 1, the votes of a question come within so long after it."""

TRIES = 20
RETRY_SECONDS = 1.0
"""A question can be voted for once it is shown: its verdict may take a while."""


class Votes:
    """`want` starts the votes of one question; `finished` waits for all, `close` gives them up."""

    def __init__(self, room: Room, voices: Sequence[str], speed: float) -> None:
        self._room = room
        self._voices = voices
        self._spread = SPREAD_SECONDS / speed if speed else 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def want(self, question: str, asker: str, count: int) -> None:
        chance = random.Random(question)  # noqa: S311 - not a secret; the same question, the same voters
        voters = chance.sample([voice for voice in self._voices if voice != asker], count)
        task = asyncio.create_task(self._vote(question, voters))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finished(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.finished()

    async def _vote(self, question: str, voters: Sequence[str]) -> None:
        for voter in voters:
            await asyncio.sleep(self._spread / len(voters))
            if not await self._one(question, voter):
                return

    async def _one(self, question: str, voter: str) -> bool:
        """False if this question is not to be voted for."""
        vote = {"once": f"demo-vote-{question}", "question": question}
        for _ in range(TRIES):
            try:
                await self._room.send(voter, "vote", vote)
                return True
            except Gone:
                await asyncio.sleep(RETRY_SECONDS)
            except Refused as refused:
                refusal = refused.refusal
                if refusal.code not in ("unknown", "rate", "unavailable"):
                    return refusal.code == "conflict"
                await asyncio.sleep(refusal.retry_after or RETRY_SECONDS)
        return False
