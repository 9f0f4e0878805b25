"""A sweep over the viewers of a room lets what has come in go before its next turn."""

from __future__ import annotations

import asyncio
import socket

import pytest

from streamhub.live import viewers


async def test_what_has_come_in_waits_for_one_turn_and_not_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "TURN_SECONDS", -1.0)  # every chunk is a turn
    here, there = socket.socketpair()
    here.setblocking(False)
    loop = asyncio.get_running_loop()
    turns = 0
    handled_after: list[int] = []
    loop.add_reader(here, lambda: (handled_after.append(turns), here.recv(1)))
    try:
        async for _ in viewers._chunks([None] * (4 * viewers.LOOK_EVERY)):  # type: ignore[list-item]
            turns += 1
            if turns == 1:
                there.send(b"!")
    finally:
        loop.remove_reader(here)
        here.close()
        there.close()
    assert turns == 4 and handled_after == [1]
