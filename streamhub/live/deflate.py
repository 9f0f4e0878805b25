"""permessage-deflate (RFC 7692) without memory: whether an offer is taken, one message compressed, one decompressed.

`websocket.py` answers offers and unpacks what clients send; `frames.py` packs what a whole room sees, once for
all. Nothing is kept from one message to the next, so an idle viewer costs nothing.
"""

from __future__ import annotations

import re
import zlib

ACCEPTED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
"""Our answer. The first of its parameters is what lets one compressed message go to everybody."""

LEVEL = 1
"""Within 3 % of the best level's size for a tick's frame, and a third of its time for 200 comments."""

_TAIL = b"\x00\x00\xff\xff"
"""Ends every compressed message and is not sent (RFC 7692, 7.2.1)."""

_THE_END = b"\x01\x00\x00\xff\xff"
"""A last empty block: put behind a message, it is reached only if the message is whole."""

_PARAMETER = re.compile(
    r"server_no_context_takeover|client_no_context_takeover|client_max_window_bits(=\"?([89]|1[0-5])\"?)?"
)
"""What an offer may ask for. `server_max_window_bits` would need frames of its own: such an offer is not taken."""


def accepts(offers: str, agent: str) -> bool:
    """Whether to answer a `Sec-WebSocket-Extensions` header of a client with `ACCEPTED`.

    Never to Apple's WebSocket (Safari, and every browser on iOS): versions of it fail on compressed messages, and
    on a mixture of compressed and plain ones; the decision record names the reports."""
    return not _by_apple(agent) and any(_acceptable(offer) for offer in offers.split(","))


def compress(message: bytes) -> bytes:
    """The payload of a compressed message."""
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return (deflate.compress(message) + deflate.flush(zlib.Z_SYNC_FLUSH))[: -len(_TAIL)]


def decompress(payload: bytes, limit: int) -> bytes:
    """The message in a compressed payload; more than `limit` bytes mean that it is longer than that, and no more of it
    was decompressed. Raises ValueError if it is not deflated, or not whole."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        message = inflate.decompress(payload + _TAIL + _THE_END, limit + 1)
    except zlib.error as error:
        raise ValueError("not deflated") from error
    if len(message) <= limit and not _ended(inflate.eof, inflate.unused_data):
        raise ValueError("not a whole message")
    return message


def _ended(eof: bool, rest: bytes) -> bool:
    """A client may also end a message with a last block of its own (RFC 7692, 7.2.3.4)."""
    return eof and rest in (b"", _TAIL + _THE_END, b"\x00" + _TAIL + _THE_END)


def _acceptable(offer: str) -> bool:
    name, *parameters = (part.strip() for part in offer.split(";"))
    names = [parameter.partition("=")[0] for parameter in parameters]
    return (
        name == "permessage-deflate"
        and len(names) == len(set(names))
        and all(_PARAMETER.fullmatch(parameter) for parameter in parameters)
    )


def _by_apple(agent: str) -> bool:
    return "CFNetwork/" in agent or ("AppleWebKit/" in agent and "Chrome/" not in agent)
