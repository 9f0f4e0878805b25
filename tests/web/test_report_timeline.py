"""The bins of the timeline cover every period, and its title claims no more than the numbers hold."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from web.report.timeline import BINS_LIMIT, MINUTE, Bins, timeline

SHANGHAI = ZoneInfo("Asia/Shanghai")
zones = st.sampled_from(["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"]).map(ZoneInfo)
moments = st.integers(1_700_000_000_000, 1_900_000_000_000)


@given(start=moments, length=st.integers(0, 10**11), zone=zones)
def test_bins_cover_the_period_and_are_never_more_than_sixty(start: int, length: int, zone: ZoneInfo) -> None:
    bins = Bins(start, start + length, zone)
    assert bins.origin <= start
    assert start - bins.origin < bins.width
    assert 1 <= bins.count <= BINS_LIMIT
    assert bins.origin + (bins.count - 1) * bins.width <= start + length < bins.origin + bins.count * bins.width


def test_a_short_broadcast_is_shown_by_the_minute() -> None:
    assert Bins(0, 59 * MINUTE, SHANGHAI).minutes == 1
    assert Bins(0, 60 * MINUTE, SHANGHAI).minutes == 2
    assert Bins(0, 29 * 1440 * MINUTE, SHANGHAI).minutes == 720
    assert Bins(0, 100 * 1440 * MINUTE, SHANGHAI).minutes == 2 * 1440


def test_days_begin_at_midnight_of_the_zone() -> None:
    bins = Bins(1_795_345_200_000, 1_795_345_200_000 + 50 * 1440 * MINUTE, SHANGHAI)
    assert bins.minutes == 1440
    assert bins.origin % (1440 * MINUTE) == 16 * 60 * MINUTE  # midnight in Shanghai is 16:00 UTC


@given(counts=st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_a_crowd_is_what_it_says(counts: list[int]) -> None:
    bins = Bins(0, (len(counts) - 1) * MINUTE, ZoneInfo("UTC"))
    line = timeline(bins, [_row(n, count) for n, count in enumerate(counts) if count])
    assert [b.comments for b in line.bins] == counts
    for peak in line.peaks:
        assert peak.comments == counts[peak.start // MINUTE] > 0
        assert peak.comments * len(counts) >= 1.5 * sum(counts)
    if line.crowd is None:
        return
    first, end = line.crowd.start // MINUTE, line.crowd.end // MINUTE
    assert line.crowd.comments == sum(counts[first:end])
    assert line.crowd.comments >= line.crowd.share * sum(counts) - 1e-9
    assert (end - first) <= line.crowd.share / 2 * len(counts) + 1e-9
    shorter = (sum(counts[n : n + end - first - 1]) for n in range(len(counts)))
    assert all(inside < line.crowd.share * sum(counts) for inside in shorter)


def test_even_talk_has_no_crowd_and_no_peak() -> None:
    line = timeline(Bins(0, 29 * MINUTE, ZoneInfo("UTC")), [_row(n, 4) for n in range(30)])
    assert (line.crowd, line.peaks, line.per_minute) == (None, (), 4.0)


def _row(n: int, count: int) -> dict[str, int]:
    return {"bin": n, "comments": count, "simulated": 0, "questions": 0, "joined": 0}
