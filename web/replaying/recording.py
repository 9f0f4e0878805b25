"""A recording: who said what when, out of a file, and which lines of it could not be used.

`load` picks the reader by the file's first character. Called by `streamhub replay` and the demonstration.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from streamhub.facts import NICK_LIMIT, CommentKind

COMMENTS_LIMIT = 500_000
"""Comments of one recording; they are kept in memory, at about 500 bytes each."""

SIZE_LIMIT = 500_000_000
SECONDS_LIMIT = 30 * 86400.0

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
"""What neither XML nor a log may hold; recorders write it all the same."""

_SPACE = re.compile(r"[\t\r\n]+")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One comment. `t` in seconds from the recording's own start, `line` where the file has it."""

    line: int
    t: float
    user: str
    text: str
    kind: CommentKind = "comment"
    nick: str = ""

    @property
    def shown_nick(self) -> str:
        """The recorded nickname, or a neutral one: recordings name people by a hash."""
        nick = clean(self.nick)
        if len(nick) > NICK_LIMIT:
            nick = nick[: NICK_LIMIT - 1] + "…"
        return nick or f"viewer {hashlib.blake2s(self.user.encode(), digest_size=3).hexdigest()}"


class Malformed(msgspec.Struct, frozen=True):
    """A line that could not be used, and why. Never holds what somebody wrote."""

    line: int
    why: str


class Recording(msgspec.Struct, frozen=True):
    """`said` in the order of time."""

    name: str
    said: list[Said]
    malformed: list[Malformed]


class Unreadable(Exception):
    """The file as a whole is no recording; the message says why."""


def load(path: Path) -> Recording:
    """Read a whole recording; raises Unreadable."""
    from web.replaying import bilibili, jsonlines  # each of them reads into the Structs above

    if path.stat().st_size > SIZE_LIMIT:
        raise Unreadable(f"{path.name} is larger than {SIZE_LIMIT // 1_000_000} MB: split it.")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        reader = bilibili if looks_like_xml(head) else jsonlines
        with path.open(encoding=encoding_of(head), errors="replace", newline="\n") as lines:
            return collect(path.name, reader.read(lines))
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.") from error


def collect(name: str, parts: Iterable[Said | Malformed]) -> Recording:
    said: list[Said] = []
    malformed: list[Malformed] = []
    for part in parts:
        if isinstance(part, Said):
            said.append(part)
        else:
            malformed.append(part)
        if len(said) > COMMENTS_LIMIT:
            raise Unreadable(f"{name} has more than {COMMENTS_LIMIT:,} comments: split it.")
    return Recording(name, sorted(said, key=lambda each: each.t), malformed)


def clean(text: str) -> str:
    """The text without control characters, on one line."""
    return _SPACE.sub(" ", _CONTROL.sub("", text)).strip()


def usable_time(t: float) -> bool:
    return 0 <= t <= SECONDS_LIMIT  # not a number compares false


def looks_like_xml(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def encoding_of(head: bytes) -> str:
    """By byte order mark, then by the XML declaration, else UTF-8."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    declared = re.match(rb"""\s*<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)""", head)
    if declared and declared[1].lower() in (b"gbk", b"gb2312", b"gb18030"):
        return "gb18030"
    return "utf-8-sig"
