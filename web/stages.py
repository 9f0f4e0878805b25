"""The picture of a broadcast as organizers enter it: an address or an id, checked and made plain.

Called by `web/programme.py` for forms and the JSON API alike.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from streamhub.commands import refuse
from streamhub.facts import Stage

SOURCE_LIMIT = 500

_YOUTUBE = re.compile(r"^[A-Za-z0-9_-]{11}$")
_BILIBILI = re.compile(r"^BV[A-Za-z0-9]{10}$")


def checked(stage: Stage) -> Stage:
    """The stage with its source reduced to what the player needs; raises Refused naming `source`."""
    source = stage.source.strip()
    if len(source) > SOURCE_LIMIT:
        raise refuse("invalid", "the address is too long", field="source", limit=f"<= {SOURCE_LIMIT}")
    match stage.kind:
        case "none" | "demo":
            return Stage(kind=stage.kind)
        case "hls":
            return Stage(kind="hls", source=_hls(source))
        case "youtube":
            return Stage(kind="youtube", source=_youtube(source))
        case "bilibili":
            return Stage(kind="bilibili", source=_bilibili(source))


def _hls(source: str) -> str:
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refuse(
            "invalid", "an HLS stream needs an address that begins with https://", field="source",
            limit="https://…/name.m3u8",
        )  # fmt: skip
    return source


def _youtube(source: str) -> str:
    """The id out of watch?v=, youtu.be/, /live/, /embed/ and /shorts/ addresses, or the id itself."""
    parts = urlsplit(source)
    found = source
    if parts.scheme in ("http", "https"):
        path = [part for part in parts.path.split("/") if part]
        found = parse_qs(parts.query).get("v", [path[-1] if path else ""])[0]
    if not _YOUTUBE.match(found):
        raise refuse(
            "invalid", "this does not look like a YouTube address or video id", field="source",
            limit="https://www.youtube.com/watch?v=… or 11 letters, digits, - and _",
        )  # fmt: skip
    return found


def _bilibili(source: str) -> str:
    parts = urlsplit(source)
    path = [part for part in parts.path.split("/") if part]
    found = next((part for part in path if part.startswith("BV")), source)
    if not _BILIBILI.match(found):
        raise refuse(
            "invalid", "this does not look like a bilibili address or BV id", field="source",
            limit="https://www.bilibili.com/video/BV… or BV and 10 letters and digits",
        )  # fmt: skip
    return found
