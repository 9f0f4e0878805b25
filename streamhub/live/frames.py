"""What goes over the wire: Structs to JSON once per frame, whoever and however many receive it.

`WireJson` is what python-socketio encodes and decodes packets with.
"""

from __future__ import annotations

from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


class WireJson:
    """The two functions of the `json` module that Socket.IO calls, over msgspec."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        return _ENCODER.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: Any) -> Any:
        """Raises ValueError, which Socket.IO answers as a malformed packet."""
        try:
            return _DECODER.decode(text)
        except msgspec.MsgspecError as error:
            raise ValueError("malformed JSON") from error
