"""What is kept of what was typed: nothing invisible in place of words, and no text that reads otherwise than it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamhub.live.acts import readable


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "\u200b\u200b\u2060", "\u0301" * 200, "\u202e\u202d\u2066", "\u2800\u3164 \u115f", "\ufe0f\u20e3"],
)
def test_what_shows_nothing_is_nothing(text: str) -> None:
    assert readable(text) == ""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("\u202eevil", "evil"),
        ("加油\u2066 \u202e321\u202c", "加油 321"),
        ("\u200fשלום\u200f", "\u200fשלום\u200f"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("e\u0301té", "e\u0301té"),
        ("Z\u0334\u0321", "Z\u0334\u0321"),
        ("1️⃣", "1️⃣"),
        ("a\x07b", "a b"),
    ],
)
def test_what_shows_something_is_kept_as_it_reads(text: str, kept: str) -> None:
    assert readable(text) == kept


@given(st.text(max_size=200))
def test_it_is_never_longer_and_the_same_the_second_time(text: str) -> None:
    kept = readable(text)
    assert len(kept) <= len(text) and readable(kept) == kept
    turning = {"LRO", "RLO", "LRE", "RLE", "RLI", "LRI", "FSI"}
    assert not turning & {unicodedata.bidirectional(sign) for sign in kept}
