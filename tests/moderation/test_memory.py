"""What the worker forgets of broadcasts, and what it keeps."""

from __future__ import annotations

import time

import pytest

from moderation import memory as memory_
from moderation.judge import Heard
from moderation.memory import Memory, tidy
from moderation.policy import preset
from streamhub.facts import CommentJudged, CommentSubmitted
from streamhub.state.projection import Entry

DEFAULT = preset("default")


def said(number: int, text: str = "what a lovely and quiet reef") -> Entry:
    return Entry(f"{1_000_000 + number}-0", CommentSubmitted(viewer="v", nick="Ann", text=text))


def heard(memory: Memory, entry: Entry) -> Heard:
    memory.learn(entry)
    return memory.heard(entry, DEFAULT)


def test_in_a_silence_what_was_said_is_forgotten_and_counting_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory("0-0")
    assert [heard(memory, said(n)).repeats.by_one for n in range(3)] == [1, 2, 3]
    memory.rest()
    assert heard(memory, said(3)).repeats.by_one == 4, "nothing is forgotten while people speak"
    monkeypatch.setattr(memory_, "LONGEST_WINDOW_MS", 10)
    time.sleep(0.05)
    memory.rest()
    assert heard(memory, said(4)).repeats.by_one == 1


def test_a_broadcast_is_forgotten_when_it_is_over_and_owes_nothing() -> None:
    over, owing, live = (Memory("0-0") for _ in range(3))
    for memory in (over, owing, live):
        memory.learn(said(1))
    owing.learn(Entry("1000002-0", CommentJudged(comment=said(1).id, action="publish", provisional=True)))
    memories = {"over": over, "owing": owing, "live": live}
    tidy(memories, needed={"live"})
    assert set(memories) == {"owing", "live"}
