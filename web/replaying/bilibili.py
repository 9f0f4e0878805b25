"""Recordings as bilibili XML: <d p="seconds,mode,size,colour,unixtime,pool,userhash,rowid">text</d>.

Read element by element and not by an XML parser: recorders write control characters and bare ampersands, and
stop in the middle of a line; a parser would give up there, and the rest of the evening with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TextIO

import msgspec

from web.replaying.recording import Malformed, Said, clean, usable_time

CHUNK = 1 << 16
"""Characters read at a time: some recorders write the whole evening on one line."""

ELEMENT_LIMIT = 1 << 16
"""Characters of one element; what is longer is not a comment."""

FIELDS = 7
"""Fields of `p` up to the user hash; older recorders leave out what follows."""

POSITIONED, SCRIPTED = "7", ("8", "9")
"""Modes: 7 carries its text in a JSON array, 8 and 9 are programs and not something said."""

_START = re.compile(r"<d(?=[\s>/])")
_ELEMENT = re.compile(
    r"""<d(?P<attributes>(?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(?:/>|>(?P<text>.*?)</d\s*>)""", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def read(file: TextIO) -> Iterator[Said | Malformed]:
    """Every comment; other elements (gifts, guards, style sheets) are passed over."""
    buffer, line = "", 1
    while chunk := file.read(CHUNK):
        buffer += chunk
        end = _settled(buffer)
        yield from _elements(buffer[:end], line)
        line += buffer.count("\n", 0, end)
        buffer = buffer[end:]
    yield from _elements(buffer, line)


def _settled(buffer: str) -> int:
    """How much of it cannot change by what follows: up to the last element, unless that is too long for one."""
    starts = [match.start() for match in _START.finditer(buffer)]
    if not starts:
        return max(0, len(buffer) - 3)  # "<d" and what follows it may be cut in two
    return starts[-1] if len(buffer) - starts[-1] < ELEMENT_LIMIT else len(buffer)


def _elements(buffer: str, line: int) -> Iterator[Said | Malformed]:
    starts = [match.start() for match in _START.finditer(buffer)]
    for start, end in pairwise([*starts, len(buffer)]):
        yield from _piece(buffer[start:end], line + buffer.count("\n", 0, start))


def _piece(piece: str, line: int) -> Iterator[Said | Malformed]:
    """One element and what stands between it and the next one."""
    found = _ELEMENT.match(piece)
    if found is None:
        yield Malformed(line, "the element is cut off or its attributes cannot be read")
        return
    if (one := _comment(line, found)) is not None:
        yield one
    line += piece.count("\n", 0, found.end())
    for further, rest in enumerate(piece[found.end() :].split("\n")):
        if rest.strip() and "<" not in rest and ">" not in rest:
            yield Malformed(line + further, "not an element")


def _comment(line: int, found: re.Match[str]) -> Said | Malformed | None:
    """None for what nobody said."""
    attributes = {name: _unescape(double or single) for name, double, single in _ATTRIBUTE.findall(found["attributes"])}
    fields = [field.strip() for field in attributes.get("p", "").split(",")]
    if len(fields) < FIELDS:
        return Malformed(line, f"p: has {len(fields)} fields, at least {FIELDS} are needed")
    mode, user = fields[1], clean(fields[6])
    if mode in SCRIPTED:
        return None
    try:
        t = float(fields[0])
    except ValueError:
        return Malformed(line, "p: the first field is not a number of seconds")
    if not usable_time(t):
        return Malformed(line, "p: the first field must be seconds from 0 to 30 days")
    text = _unescape(found["text"] or "")
    text = clean(_positioned_text(text) if mode == POSITIONED else text)
    if not user or not text:
        return Malformed(line, "the text is empty" if user else "p: the user hash is empty")
    return Said(line=line, t=t, user=user, text=text, nick=attributes.get("user", ""))


def _positioned_text(text: str) -> str:
    """[x, y, opacity, seconds, "text", ...]; the text as it is where a recorder kept only that."""
    try:
        parts = msgspec.json.decode(text)
        return str(parts[4])
    except (msgspec.DecodeError, UnicodeError, LookupError, TypeError):
        return text


def _unescape(text: str) -> str:
    """XML's own references; a bare ampersand stays what it is."""
    return _ENTITY.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    name, decimal, hexadecimal = match.groups()
    if name:
        return _NAMED[name]
    number = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(number) if number <= 0x10FFFF else ""
