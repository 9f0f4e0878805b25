"""The contract of a projection: a pure fold of one log.

A projection is a state (a `Projected`, so that it can be kept as a snapshot) and `evolve(state, entry)`,
which changes the state in place, never refuses and ignores facts that it does not know. Folding the same
entry twice changes nothing: `advance` in `broadcast.py` keeps the position.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

START = "0-0"
"""The position before the first entry of any log."""


class Projected(msgspec.Struct, omit_defaults=True, gc=False):
    """Base of what projections keep. A long broadcast has tens of thousands of these, and nothing in them leads back
    to them: the garbage collector does not look at them, which would hold everybody for as long as it takes."""


class Entry(NamedTuple):
    """One fact at its place in the log. `id` is "<unix ms>-<number>", given by the store.

    `fact` is None where this version cannot read it (written by a later one): projections pass it over."""

    id: str
    fact: Any

    @property
    def at(self) -> int:
        """Unix milliseconds at which the store accepted the fact."""
        return position(self.id)[0]


def position(entry_id: str) -> tuple[int, int]:
    """The id as numbers, which order as the log does (as text, "9-0" would follow "10-0")."""
    ms, _, number = entry_id.partition("-")
    return int(ms), int(number or 0)
