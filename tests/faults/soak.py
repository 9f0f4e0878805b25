"""Half an hour of an ordinary evening, and what it does to the memory: `python -m tests.faults.soak --minutes 30`.

Viewers come and go, hosts and viewers say things, and every minute the evening moves on to another broadcast, as a
server does that runs for weeks. Run by `make soak`; prints the slope of each process, by linear regression.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from socketio.exceptions import SocketIOError

from moderation.model.prepare import prepare
from streamhub.record.directory import broadcasts
from streamhub.record.log import broadcast_key
from streamhub.record.store import connect
from tests.faults.light import Light, allow_many
from tests.running import Running

SAMPLE_SECONDS = 2.0
STAY_SECONDS = (5.0, 40.0)
MOVE_SECONDS = 60.0
WARM_UP = 0.3
"""This part of the time is not counted: caches fill, the allocator takes its share, rooms of the past close."""


class Memory(msgspec.Struct, kw_only=True):
    """Of one process. `slope_kb_per_minute` is of its resident memory after the warm-up; megabytes are medians."""

    first_mb: float
    last_mb: float
    slope_kb_per_minute: float


class Soaked(msgspec.Struct, kw_only=True):
    minutes: float
    viewers: int
    visits: int
    comments: int
    entries: int
    memory: dict[str, Memory]


class Soak:
    """`viewers` places that are always taken, by people who stay for seconds; `speakers` say one thing a second."""

    def __init__(self, running: Running, viewers: int, speakers: int) -> None:
        self.running = running
        self.viewers = viewers
        self.speakers = speakers
        self.visits = self.comments = 0
        self.code = ""
        self.samples: dict[str, list[tuple[float, float]]] = {}

    async def run(self, minutes: float) -> Soaked:
        await self._move(0)
        work = [
            asyncio.create_task(self._moves()),
            asyncio.create_task(self._sample()),
            *(asyncio.create_task(self._place()) for _ in range(self.viewers)),
            *(asyncio.create_task(self._speak()) for _ in range(self.speakers)),
        ]
        _, _ = await asyncio.wait(work, timeout=minutes * 60, return_when=asyncio.FIRST_EXCEPTION)
        failed = [task.exception() for task in work if task.done()]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for error in failed:
            raise error or RuntimeError("something ended before its time")
        return Soaked(
            minutes=minutes,
            viewers=self.viewers,
            visits=self.visits,
            comments=self.comments,
            entries=await self._entries(),
            memory={name: _memory(rows) for name, rows in self.samples.items()},
        )

    async def _move(self, number: int) -> None:
        self.code = await self.running.broadcast(f"SOAK-{number}")

    async def _moves(self) -> None:
        number = 0
        while True:
            await asyncio.sleep(MOVE_SECONDS)
            number += 1
            await self._move(number)

    async def _place(self) -> None:
        """One seat, taken by one visitor after the other."""
        await asyncio.sleep(random.uniform(0, STAY_SECONDS[0]))
        while True:
            visitor = Light(self.running, self.code)
            await visitor.come()
            self.visits += 1
            try:
                await asyncio.sleep(random.uniform(*STAY_SECONDS))
            finally:
                await visitor.leave()

    async def _speak(self) -> None:
        while True:
            code = self.code
            viewer = await self.running.viewer(code, role=self.running.role("host", code, "Soak"))
            while code == self.code:
                viewer.frames.clear()
                with contextlib.suppress(SocketIOError):
                    text = f"there are {random.randint(2, 9999)} fish 真好看"
                    answer = await viewer.do("comment", text=text, nick="Ann")
                    self.comments += answer["ok"]
                await asyncio.sleep(random.uniform(0.5, 1.5))
            await viewer.leave()

    async def _sample(self) -> None:
        while True:
            for name, pid in self.running.processes.items():
                rows = self.samples.setdefault(name, [])
                rows.append((time.monotonic() / 60, _resident_kb(pid)))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _entries(self) -> int:
        store = connect(self.running.store)
        try:
            return sum([await store.xlen(broadcast_key(code)) for code in await broadcasts(store)])
        finally:
            await store.aclose()


def _resident_kb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1024


def _memory(rows: list[tuple[float, float]]) -> Memory:
    warm = rows[int(len(rows) * WARM_UP) :]
    tenth = max(1, len(warm) // 10)
    return Memory(
        first_mb=round(statistics.median(kb for _, kb in warm[:tenth]) / 1024, 1),
        last_mb=round(statistics.median(kb for _, kb in warm[-tenth:]) / 1024, 1),
        slope_kb_per_minute=round(slope(warm), 1),
    )


def slope(rows: list[tuple[float, float]]) -> float:
    """Of the line that fits (x, y) best."""
    return statistics.linear_regression(*zip(*rows, strict=True)).slope if len(rows) > 1 else 0.0


async def main(minutes: float, viewers: int, speakers: int, *, as_json: bool) -> None:
    allow_many()
    with tempfile.TemporaryDirectory() as folder:
        model = await asyncio.to_thread(prepare, Path(folder))
        running = Running(Path(folder) / "data", environ={"STREAMHUB_MODEL": str(model)})
        await asyncio.to_thread(running.start)
        try:
            done = await Soak(running, viewers, speakers).run(minutes)
        finally:
            await asyncio.to_thread(running.stop)
    if as_json:
        print(json.dumps(msgspec.to_builtins(done)))
        return
    print(f"{done.minutes:g} minutes, {done.viewers} seats, {done.visits} visits, {done.comments} comments, "
          f"{done.entries} log entries ({done.entries / done.minutes:.0f} a minute)")  # fmt: skip
    for name, memory in done.memory.items():
        change = f"{memory.first_mb:8.1f} -> {memory.last_mb:.1f} MB"
        print(f"  {name:14} {change}  {memory.slope_kb_per_minute:+8.1f} KB a minute")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--speakers", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    asyncio.run(main(given.minutes, given.viewers, given.speakers, as_json=given.json))
    sys.exit(0)
