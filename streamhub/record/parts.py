"""A broadcast's state cut into parts, each of which is written, read and freed in a millisecond or so.

Called by `replay.py`, which keeps the parts as lines of one value: the head, then pieces of every dictionary in the
order of their keys. `live/rooms.py` lets a state go in parts too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any, get_origin

import msgspec

from streamhub.record.pace import Pace
from streamhub.state.broadcast import VERSION, BroadcastState
from streamhub.state.projection import Projected

PART_ITEMS = 100
"""Of a dictionary in one part. One item is not cut: a question with all its votes, a comment with all its reports."""

FREE_AT_ONCE = 1000

_DECODER_OF = {
    (projection.name, field.name): msgspec.json.Decoder(field.type)
    for projection in msgspec.structs.fields(BroadcastState)
    if isinstance(projection.type, type) and issubclass(projection.type, Projected)
    for field in msgspec.structs.fields(projection.type)
    if get_origin(field.type) is dict
}
"""(projection, field) -> how the dictionary is read."""


class Head(msgspec.Struct):
    """`state` with all its dictionaries empty; so many `parts` follow. `stamp` is of this writing alone."""

    version: int
    stamp: str
    parts: int
    state: BroadcastState


_HEAD = msgspec.json.Decoder(Head)
_PART = msgspec.json.Decoder(tuple[str, str, msgspec.Raw])


def lines(state: BroadcastState, stamp: str) -> Iterator[bytes]:
    """The head, then the parts; the state may not change before the last is made."""
    parts = sum(math.ceil(len(_dictionary(state, *place)) / PART_ITEMS) for place in _DECODER_OF)
    yield msgspec.json.encode(Head(VERSION, stamp, parts, _without_dictionaries(state)))
    for projection, field in _DECODER_OF:
        items = iter(_dictionary(state, projection, field).items())
        while part := dict(islice(items, PART_ITEMS)):
            yield msgspec.json.encode((projection, field, part))


def begun(line: bytes) -> Head | None:
    """The head, to `take` the other lines into its state; None if another version wrote it. Raises MsgspecError."""
    head = _HEAD.decode(line)
    return head if head.version == VERSION else None


def take(state: BroadcastState, line: bytes) -> None:
    """Add one part. Raises MsgspecError or KeyError for what is none."""
    projection, field, part = _PART.decode(line)
    found = _DECODER_OF[projection, field].decode(part)
    _dictionary(state, projection, field).update(found)


async def let_go(things: list[list[Any]], pace: Pace) -> None:
    """Free, a few in each turn, what `things_of` a state held; the caller holds the state itself no longer. Freeing
    20,000 comments at once takes ten milliseconds."""
    while things:
        async with pace:
            del things[-1][-FREE_AT_ONCE:]
            if not things[-1]:
                things.pop()


def things_of(state: BroadcastState) -> list[list[Any]]:
    """All that its dictionaries hold, held once more."""
    dictionaries = [_dictionary(state, *place) for place in _DECODER_OF]
    return [held for found in dictionaries for held in (list(found.values()), list(found))]


def _dictionary(state: BroadcastState, projection: str, field: str) -> dict[str, Any]:
    found: dict[str, Any] = getattr(getattr(state, projection), field)
    return found


def _without_dictionaries(state: BroadcastState) -> BroadcastState:
    empty: dict[str, dict[str, Any]] = {}
    for projection, field in _DECODER_OF:
        empty.setdefault(projection, {})[field] = {}
    heads = {name: msgspec.structs.replace(getattr(state, name), **fields) for name, fields in empty.items()}
    return msgspec.structs.replace(state, **heads)
