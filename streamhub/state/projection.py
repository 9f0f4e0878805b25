"""The contract of a projection: a pure fold of one log.

A projection is a state (a msgspec Struct, so that it can be kept as a snapshot) and
`evolve(state, entry)`, which changes the state in place, never refuses and ignores facts that it does
not know. Folding the same entry twice changes nothing: `advance` in `broadcast.py` keeps the position.
"""

from __future__ import annotations

from typing import Any, NamedTuple

START = "0-0"
"""The position before the first entry of any log."""


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
