"""When the comments came: bins wide enough that at most 60 of them cover the broadcast, and what stands out.

Pure; called by `build.py`. Bins begin on round times of the report's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from web.report.shape import Bin, Crowd, Span, Timeline

MINUTE = 60_000
BINS_LIMIT = 60
WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
"""Minutes; longer broadcasts get whole days."""

SHARES = (2, 3, 4)
CROWDED = 2
"""A crowd is at least so many times denser than the mean."""

PEAKS_LIMIT = 3
PEAK_TIMES = 1.5
"""A peak has at least so many times the mean of all bins,"""
PEAK_PART = 1 / 3
"""and at least this part of the busiest one."""


class Bins:
    """Width and beginning of the bins over a period (Unix ms, both ends included)."""

    def __init__(self, start: int, end: int, zone: ZoneInfo) -> None:
        offset = _offset(start, zone)
        self.minutes = next((width for width in WIDTHS if _count(start, end, offset, width) <= BINS_LIMIT), 0)
        days = 2
        while not self.minutes:
            if _count(start, end, offset, days * 1440) <= BINS_LIMIT:
                self.minutes = days * 1440
            days += 1
        self.width = self.minutes * MINUTE
        self.origin = _floor(start, offset, self.minutes)
        self.count = _count(start, end, offset, self.minutes)


def timeline(bins: Bins, rows: Sequence[Mapping[str, int]]) -> Timeline:
    """Rows of `timeline.sql`, with the empty bins filled in."""
    by_bin = {row["bin"]: {name: value for name, value in row.items() if name != "bin"} for row in rows}
    filled = tuple(Bin(at=bins.origin + n * bins.width, **by_bin.get(n, {})) for n in range(bins.count))
    busiest = max((b.comments for b in filled), default=0)
    return Timeline(
        minutes=bins.minutes,
        bins=filled,
        peaks=_peaks(filled, bins.width),
        crowd=_crowd(filled, bins.width),
        per_minute=busiest / bins.minutes,
    )


def _peaks(bins: Sequence[Bin], width: int) -> tuple[Span, ...]:
    """The busiest bins that are no smaller than their neighbours, in the order of time."""
    if len(bins) < 3:
        return ()
    counts = [b.comments for b in bins]
    least = max(PEAK_TIMES * sum(counts) / len(counts), PEAK_PART * max(counts))
    found: list[int] = []
    for n in sorted(range(len(bins)), key=lambda n: (-counts[n], n)):
        around = [counts[m] for m in (n - 1, n + 1) if 0 <= m < len(bins)]
        high = counts[n] > 0 and counts[n] >= max(least, *around)
        if high and all(abs(n - other) > 1 for other in found):
            found.append(n)
        if len(found) == PEAKS_LIMIT:
            break
    return tuple(Span(start=bins[n].at, end=bins[n].at + width, comments=bins[n].comments) for n in sorted(found))


def _crowd(bins: Sequence[Bin], width: int) -> Crowd | None:
    """The largest share of the comments that came in a part of the bins half as large or smaller."""
    for parts in SHARES:
        run = _shortest(bins, parts)
        if run is not None and CROWDED * parts * (run[1] - run[0] + 1) <= len(bins):
            first, last = run
            inside = sum(b.comments for b in bins[first : last + 1])
            return Crowd(start=bins[first].at, end=bins[last].at + width, comments=inside, share=1 / parts)
    return None


def _shortest(bins: Sequence[Bin], parts: int) -> tuple[int, int] | None:
    """First and last bin of the shortest run with at least 1/parts of all comments; of equals the fullest."""
    total = sum(b.comments for b in bins)
    if not total:
        return None
    best: tuple[int, int, int] | None = None
    first = inside = 0
    for last, b in enumerate(bins):
        inside += b.comments
        while first < last and parts * (inside - bins[first].comments) >= total:
            inside -= bins[first].comments
            first += 1
        if parts * inside >= total and (best is None or (last - first, -inside) < best[:2]):
            best = (last - first, -inside, first)
    return (best[2], best[2] + best[0]) if best else None


def _offset(at: int, zone: ZoneInfo) -> int:
    """The zone's distance from UTC at that moment, in ms."""
    offset = datetime.fromtimestamp(at / 1000, zone).utcoffset()
    return round(offset.total_seconds() * 1000) if offset else 0


def _floor(at: int, offset: int, minutes: int) -> int:
    return (at + offset) // (minutes * MINUTE) * minutes * MINUTE - offset


def _count(start: int, end: int, offset: int, minutes: int) -> int:
    return (end - _floor(start, offset, minutes)) // (minutes * MINUTE) + 1
