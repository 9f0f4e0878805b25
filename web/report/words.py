"""Numbers, times and spans as a reader of one language writes them. Called by the report's template.

Everything is shown in the report's time zone, which the page names once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

from web.report.build import zone_of
from web.report.shape import Bin, Report, Timeline

TICKS = 5
DAY_MINUTES = 1440


class Words:
    """The formats of one report in one language ("en", "zh_CN")."""

    def __init__(self, report: Report, language: str) -> None:
        self._report = report
        self._locale = Locale.parse(language)
        self._zone = zone_of(report.timezone)
        self._chinese = language.startswith("zh")
        self._day = "y年M月d日" if self._chinese else "d MMMM y"

    def number(self, value: float, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        return format_decimal(value, pattern, locale=self._locale)

    def percent(self, share: float) -> str:
        return format_percent(share, locale=self._locale)

    def between(self, low: float, high: float, digits: int = 1) -> str:
        first, second = self.number(low, digits), self.number(high, digits)
        return first if first == second else f"{first}–{second}"

    def day(self, at: int) -> str:
        return format_date(self._local(at), self._day, locale=self._locale)

    def iso_day(self, day: str) -> str:
        """A campaign's "2026-11-22"."""
        try:
            return format_date(datetime.fromisoformat(day), self._day, locale=self._locale)
        except ValueError:
            return day

    def clock(self, at: int) -> str:
        return format_time(self._local(at), "HH:mm", locale=self._locale)

    def moment(self, at: int) -> str:
        return f"{self.day(at)} {self.clock(at)}"

    def period(self, start: int, end: int) -> str:
        """One day: "22 November 2026, 19:30–21:05"; else both days in full."""
        first, last = self._local(start), self._local(end)
        if first.date() == last.date():
            return f"{self.day(start)}{' ' if self._chinese else ', '}{self.clock(start)}–{self.clock(end)}"
        return f"{self.moment(start)} – {self.moment(end)}"

    def span(self, start: int, end: int) -> tuple[str, str]:
        """Beginning and end of a stretch of the timeline: times of day, with the day where there are several."""
        same_day = self._local(self._report.start or start).date() == self._local(self._report.end or end).date()
        text = self.clock if same_day else self._short
        return text(start), text(end)

    def bin(self, at: int) -> str:
        return self.span(at, at)[0]

    def duration(self, seconds: float) -> str:
        """ "40 seconds", "3 minutes", "2 hours"."""
        return format_timedelta(timedelta(seconds=round(seconds)), threshold=1.5, locale=self._locale)

    def ticks(self, timeline: Timeline) -> Sequence[tuple[int, str]]:
        """At most `TICKS` (bin, label) pairs along the axis."""
        step = -(-len(timeline.bins) // TICKS) or 1
        return [(n, self._tick(b, timeline)) for n, b in enumerate(timeline.bins) if n % step == 0]

    def _tick(self, b: Bin, timeline: Timeline) -> str:
        if timeline.minutes >= DAY_MINUTES:
            return format_date(self._local(b.at), "MMMd" if self._chinese else "d MMM", locale=self._locale)
        return self.bin(b.at) if len(timeline.bins) * timeline.minutes <= DAY_MINUTES else self._short(b.at)

    def _short(self, at: int) -> str:
        pattern = "M月d日 HH:mm" if self._chinese else "d MMM HH:mm"
        return format_datetime(self._local(at), pattern, locale=self._locale)

    def _local(self, at: int) -> datetime:
        return datetime.fromtimestamp(at / 1000, self._zone)
