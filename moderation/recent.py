"""What was said in the last seconds of one broadcast: who repeats, and what many say at once.

Called by the worker, one `Recent` per broadcast, fed from the log itself and not from the worker's share of
it: so several workers count alike, and judging a log again gives the same result. Bounded in time and length.
"""

from __future__ import annotations

import re
from collections import deque
from zlib import crc32

import msgspec

from moderation.normalise import Reading
from streamhub.state.projection import position

LONGEST_WINDOW_MS = 120_000
MOST = 20_000
"""Comments remembered per broadcast: more than people send in the window; the oldest are forgotten first."""

SHINGLE = 2
"""Characters of a shingle: two texts are near the same where they share most of their shingles."""

SHORTEST_ALIKE = 8
"""Below so many characters only equal texts are the same: "to the left" and "to the right" differ in one word."""

SKETCH = 4
"""Shingles with the smallest hashes that stand for a text: near-same texts share one of them nearly always."""

CANDIDATES = 12
"""Earlier texts that one shingle leads to; the oldest are forgotten, so a comparison has a bound."""

ALIKE_AT = 0.6
"""Share of equal shingles where no policy says another."""

Position = tuple[int, int]
Shingles = frozenset[int]


class Said(msgspec.Struct, frozen=True):
    at: Position
    viewer: str
    key: str


class Repeats(msgspec.Struct, frozen=True):
    """How often this or nearly this text was said within the window up to this comment, itself included."""

    by_one: int = 1
    by_many: int = 1
    length: int = 0
    """Characters of the text without spaces, punctuation and a tail of digits."""


class Recent:
    """Near-same texts count as one: a text joins the first that it is like, and is counted under its key."""

    def __init__(self, alike_at: float = ALIKE_AT) -> None:
        self._alike_at = alike_at
        self._said: deque[Said] = deque()
        self._like: dict[str, deque[Said]] = {}
        self._shingles: dict[str, Shingles] = {}
        self._places: dict[int, deque[str]] = {}
        self._key_at: dict[Position, str] = {}
        self._last: Position = (0, 0)

    def note(self, entry_id: str, viewer: str, reading: Reading) -> None:
        """Remember a comment, in the order of the log; one that is not newer than the last is known already."""
        at = position(entry_id)
        if at <= self._last:
            return
        self._last = at
        said = Said(at, viewer, self._key(reading, keep=True))
        self._said.append(said)
        self._key_at[at] = said.key
        self._like.setdefault(said.key, deque()).append(said)
        while self._said[0].at[0] < at[0] - LONGEST_WINDOW_MS or len(self._said) > MOST:
            self._forget(self._said.popleft())

    def repeats(self, entry_id: str, viewer: str, reading: Reading, window_ms: float) -> Repeats:
        at = position(entry_id)
        key = self._key_at.get(at) or self._key(reading, keep=False)
        like = [said for said in self._like.get(key, ()) if said.at <= at and said.at[0] >= at[0] - window_ms]
        by_one = sum(said.viewer == viewer for said in like)
        many = len({said.viewer for said in like})
        return Repeats(by_one=max(by_one, 1), by_many=max(many, 1), length=len(_bare(reading)))

    def _forget(self, said: Said) -> None:
        self._key_at.pop(said.at, None)
        like = self._like[said.key]
        like.popleft()
        if like:
            return
        del self._like[said.key]
        for place in _sketch(self._shingles.pop(said.key, frozenset())):
            keys = self._places.get(place)
            if keys and said.key in keys:
                keys.remove(said.key)
                if not keys:
                    del self._places[place]

    def _key(self, reading: Reading, *, keep: bool) -> str:
        """The text's own, or that of the first remembered text that it is like."""
        bare = _bare(reading)
        if bare in self._like or len(bare) < SHORTEST_ALIKE:
            return bare
        shingles = _shingled(bare)
        sketch = _sketch(shingles)
        for known in dict.fromkeys(key for place in sketch for key in self._places.get(place, ())):
            if _alike(shingles, self._shingles[known]) >= self._alike_at and _numbers(bare) == _numbers(known):
                return known
        if keep:
            self._shingles[bare] = shingles
            for place in sketch:
                self._places.setdefault(place, deque(maxlen=CANDIDATES)).append(bare)
        return bare


def _shingled(text: str) -> Shingles:
    return frozenset(crc32(text[i : i + SHINGLE].encode("utf-8", "ignore")) for i in range(len(text) - SHINGLE + 1))


def _sketch(shingles: Shingles) -> list[int]:
    return sorted(shingles)[:SKETCH]


def _alike(one: Shingles, other: Shingles) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _numbers(text: str) -> list[str]:
    """People who count (fish number 3, at 40 metres) say different things in nearly the same words."""
    return _NUMBER.findall(text)


_NUMBER = re.compile("[0-9]+")


def _bare(reading: Reading) -> str:
    """Equal for texts that differ in spaces, punctuation, emoji or a random tail of digits."""
    return reading.squeezed.rstrip("0123456789") or reading.squeezed or reading.folded
