"""What was said in the last seconds of one broadcast: who repeats, and what many say at once.

Called by the worker, one `Recent` per broadcast, fed from the log itself and not from the worker's share of
it: so several workers count alike, and judging a log again gives the same result. Bounded in time and length.
"""

from __future__ import annotations

import re
from collections import deque

import msgspec

from moderation.normalise import Reading, is_brief
from streamhub.state.projection import position

LONGEST_WINDOW_MS = 120_000
MOST = 20_000
"""Comments remembered per broadcast: more than people send in the window; the oldest are forgotten first."""

Position = tuple[int, int]


class Said(msgspec.Struct, frozen=True):
    at: Position
    viewer: str
    key: str


class Repeats(msgspec.Struct, frozen=True):
    """How often this text was said within the window up to this comment, itself included."""

    by_one: int = 1
    by_many: int = 1
    length: int = 0
    """Characters of the text without spaces, punctuation and a tail of digits."""


class Recent:
    def __init__(self) -> None:
        self._said: deque[Said] = deque()
        self._like: dict[str, deque[Said]] = {}
        self._last: Position = (0, 0)

    def note(self, entry_id: str, viewer: str, reading: Reading) -> None:
        """Remember a comment, in the order of the log; one that is not newer than the last is known already."""
        at = position(entry_id)
        if at <= self._last:
            return
        self._last = at
        said = Said(at, viewer, _key(reading))
        self._said.append(said)
        self._like.setdefault(said.key, deque()).append(said)
        while self._said[0].at[0] < at[0] - LONGEST_WINDOW_MS or len(self._said) > MOST:
            self._forget(self._said.popleft())

    def _forget(self, said: Said) -> None:
        like = self._like[said.key]
        like.popleft()
        if not like:
            del self._like[said.key]

    def repeats(self, entry_id: str, viewer: str, reading: Reading, window_ms: float) -> Repeats:
        at, key = position(entry_id), _key(reading)
        like = [said for said in self._like.get(key, ()) if said.at <= at and said.at[0] >= at[0] - window_ms]
        by_one = sum(said.viewer == viewer for said in like)
        return Repeats(by_one=max(by_one, 1), by_many=max(len({said.viewer for said in like}), 1), length=len(key))


def is_applause(reading: Reading) -> bool:
    """What crowds shout is never a flood: cheers, greetings, laughter, numbers like 666, signs and emoji alone."""
    return is_brief(reading) or len(_APPLAUSE.sub("", reading.squeezed)) <= 2


def _key(reading: Reading) -> str:
    """Equal for texts that differ in spaces, punctuation, emoji or a random tail of digits."""
    return reading.squeezed.rstrip("0123456789") or reading.squeezed or reading.folded


_APPLAUSE = re.compile(
    "加油|支持|鼓掌|泪目|点赞|打卡|来了|前排|厉害|好耶|晚上好|早上好|你好|谢谢|感谢|老师|主播|主持人|专家|大家|辛苦了?|太美了?"
    "|好美|好看|漂亮|爱了|学到了|收到|晚安|恭喜|生日快乐|新年快乐|[哈嘿呵嘻啊哇呜牛赞棒冲6823哦]+|好的|可爱|太棒了?"
    "|bravo|wow|ha(ha)+|lol+|hello|hi+|yes+|no+|thanks|thank(you)?|cool|nice|love|amazing|awsl|yyds|good(night|job)?|h+|w+|go+|great|omg|bye|the|it|this|so|u|you|clap"
)
