"""Recordings as JSON lines: {"t": seconds, "user": "...", "text": "..."}, optionally "kind" and "nick"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from streamhub.facts import CommentKind
from web.replaying.recording import Malformed, Said, clean, usable_time


class _Line(msgspec.Struct):
    t: float
    user: str | int
    text: str
    kind: CommentKind = "comment"
    nick: str = ""


_DECODER = msgspec.json.Decoder(_Line)


def read(lines: Iterable[str]) -> Iterator[Said | Malformed]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _one(number, line)


def _one(number: int, line: str) -> Said | Malformed:
    try:
        found = _DECODER.decode(line)
    except msgspec.ValidationError as error:
        return Malformed(number, str(error).replace("`", "").replace("$.", ""))
    except (msgspec.DecodeError, UnicodeError):
        return Malformed(number, "not a JSON object on one line")
    user, text = clean(str(found.user)), clean(found.text)
    if not usable_time(found.t):
        return Malformed(number, "t: must be seconds from 0 to 30 days")
    if not user:
        return Malformed(number, "user: must not be empty")
    if not text:
        return Malformed(number, "text: must not be empty")
    return Said(line=number, t=found.t, user=user, text=text, kind=found.kind, nick=found.nick)
