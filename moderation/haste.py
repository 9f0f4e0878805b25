"""When there is no time to ask the encoder: the queue is long and its first comment has waited long.

Used by `worker.py`. Pure: the time comes in as an argument. Leaves haste only when the queue is short again, so that
it does not flicker.
"""

from __future__ import annotations

from collections.abc import Sequence

from streamhub.state.projection import Entry, position

CALM_BATCH = 32
"""Comments judged together: as many as the encoder reads within a tenth of a second or two."""

HASTY_BATCH = 256
"""The same without the encoder, which takes nearly all of the time."""


class Haste:
    def __init__(self) -> None:
        self.hurried = False

    @property
    def batch(self) -> int:
        return HASTY_BATCH if self.hurried else CALM_BATCH

    def rest(self) -> None:
        """Nothing is waiting."""
        self.hurried = False

    def look(self, batch: Sequence[Entry], now_ms: float, after_seconds: float) -> bool:
        """Whether this batch is judged in haste. A short queue never is, however old: there is time for it."""
        waited = now_ms - position(batch[0].id)[0] if batch else 0
        if self.hurried:
            self.hurried = len(batch) >= CALM_BATCH and waited > after_seconds * 500
        else:
            self.hurried = len(batch) >= CALM_BATCH and waited > after_seconds * 1000
        return self.hurried
