"""Every rule of the travel campaign: what is refused (with field and limit), and what waits for a person."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from campaigns.travel import module
from campaigns.travel.acts import LogTrip, ReviewTrip, WithdrawTrip
from campaigns.travel.facts import TripLogged, TripReviewed, TripWithdrawn
from campaigns.travel.state import TravelState
from campaigns.travel.texts import BOARDS, FIGURES, MODES, REASONS, REFUSALS, REPLACED, translated
from streamhub.campaign import Actor
from streamhub.commands import Refusal, Refused, refusal_of
from tests.campaigns.trips import ANN, BOB, CLOSED, HOST, NOON, entries, fold, trip

MINUTE = 60_000
FILE = Actor(person="import:1", role="organizer", via="import")


def log_trip(state: TravelState | None = None, actor: Actor = ANN, now: int = NOON, **more: Any) -> TripLogged:
    act = LogTrip(**{"date": "2026-11-22", "mode": "metro", "km": 8.0} | more)
    [fact] = module.decide(state or fold(entries()), act, actor=actor, now=now)
    assert isinstance(fact, TripLogged)
    return fact


def refusal(act: Any, state: TravelState | None = None, actor: Actor = ANN, now: int = NOON) -> Refusal:
    with pytest.raises(Refused) as caught:
        module.decide(state or fold(entries()), act, actor=actor, now=now)
    return caught.value.refusal


def on(day: str) -> LogTrip:
    return LogTrip(date=day, mode="metro", km=8.0)


def test_an_ordinary_trip_counts_at_once() -> None:
    assert log_trip(team="三班", minutes=20, replaces="car") == TripLogged(
        person="v-ann", nick="Ann", team="三班", date="2026-11-22", mode="metro", km=8.0, minutes=20, replaces="car"
    )


@pytest.mark.parametrize(
    ("mode", "km", "minutes", "doubts"),
    [
        ("walk", 7, 60, ()),
        ("walk", 7.1, 60, ("speed",)),
        ("bike", 15, 30, ()),
        ("bike", 15.1, 30, ("speed",)),
        ("ebike", 14, 30, ()),
        ("ebike", 14.1, 30, ("speed",)),
        ("metro", 100, 60, ("speed",)),
        ("bike", 35, None, ()),
        ("bike", 35.1, None, ("trip_distance",)),
        ("ebike", 36, None, ("trip_distance",)),
        ("walk", 15, None, ()),
        ("walk", 15.1, None, ("trip_distance", "day_distance")),
        ("bike", 40, 30, ("speed", "trip_distance")),
    ],
)
def test_speed_and_distance(mode: str, km: float, minutes: int | None, doubts: tuple[str, ...]) -> None:
    assert log_trip(mode=mode, km=km, minutes=minutes).review == doubts


def test_the_day_s_distance_adds_up_by_mode() -> None:
    walked = fold(entries(trip(mode="walk", km=10.0)))
    later = NOON + 60 * MINUTE
    assert log_trip(walked, mode="walk", km=5.0, now=later).review == ()
    assert log_trip(walked, mode="walk", km=5.1, now=later).review == ("day_distance",)
    assert log_trip(walked, mode="bike", km=30.0, now=later).review == ()
    assert log_trip(walked, mode="walk", km=10.1, date="2026-11-21", now=later).review == ()
    ridden = fold(entries(trip(mode="bike", km=35.0), trip(mode="bike", km=34.0)))
    assert log_trip(ridden, mode="bike", km=11.0, now=later).review == ()
    assert log_trip(ridden, mode="bike", km=11.1, now=later).review == ("day_distance",)


def test_the_seventh_trip_of_a_day_waits() -> None:
    six = fold(entries(*(trip(km=1.0 + number) for number in range(6))))
    assert log_trip(six).review == ("many_trips",)
    assert log_trip(six, date="2026-11-21").review == ()
    assert log_trip(six, BOB).review == ()


def test_the_same_trip_within_ten_minutes_waits() -> None:
    once = fold(entries(trip()))
    assert log_trip(once, now=NOON + 9 * MINUTE).review == ("duplicate",)
    assert log_trip(once, now=NOON + 10 * MINUTE).review == ()
    assert log_trip(once, now=NOON + MINUTE, km=8.1).review == ()
    assert log_trip(once, now=NOON + MINUTE, mode="bus").review == ()
    assert log_trip(once, BOB, now=NOON + MINUTE).review == ()
    taken_back = fold(entries(trip(), TripWithdrawn(trip=f"{NOON}-0", by="v-ann")))
    assert log_trip(taken_back, now=NOON + 2 * MINUTE).review == ()


def test_there_and_back_is_normal_in_a_file_and_a_third_time_waits() -> None:
    row = {"person": "import:1", "via": "import"}
    assert log_trip(fold(entries(trip(**row))), FILE).review == ()
    assert log_trip(fold(entries(trip(**row), trip(**row))), FILE).review == ("duplicate",)


def test_days_are_those_of_the_campaign_s_own_time_zone() -> None:
    """23:30 UTC on the 22nd is the 23rd in Shanghai."""
    late_evening = NOON + 19 * 60 * MINUTE + 30 * MINUTE
    assert log_trip(date="2026-11-23", now=late_evening).review == ()
    assert refusal(on("2026-11-23"), now=NOON).limit == "<= 2026-11-22"


@pytest.mark.parametrize(
    ("day", "key", "limit"),
    [
        ("2026-11-23", "future", "<= 2026-11-22"),
        ("2026-11-14", "too_late", ">= 2026-11-15"),
        ("2026-11-09", "before_start", ">= 2026-11-10"),
        ("2026-02-30", "no_such_day", ""),
    ],
)
def test_days_that_are_refused(day: str, key: str, limit: str) -> None:
    found = refusal(on(day))
    assert (found.code, found.field, found.limit) == ("invalid", "date", limit)
    assert found.message == REFUSALS[key].en


def test_a_week_is_not_too_late_and_the_end_is_the_end() -> None:
    assert log_trip(date="2026-11-15").review == ()
    after = NOON + 5 * 24 * 60 * MINUTE
    assert log_trip(date="2026-11-24", now=after).review == ()
    assert refusal(on("2026-11-25"), now=after).limit == "<= 2026-11-24"


def test_an_old_row_of_a_file_waits_and_is_not_thrown_away() -> None:
    assert log_trip(actor=FILE, date="2026-11-11").review == ("late",)
    assert refusal(on("2026-11-09"), actor=FILE).field == "date"


def test_nothing_is_logged_before_the_opening_or_after_the_close() -> None:
    assert refusal(on("2026-11-22"), fold(entries()[:1])).code == "closed"
    assert refusal(on("2026-11-22"), fold(entries(CLOSED))).code == "closed"


@pytest.mark.parametrize(
    ("act", "field", "limit"),
    [
        ('{"type":"log_trip","date":"2026-11-22","mode":"metro","km":0}', "km", "> 0.0"),
        ('{"type":"log_trip","date":"2026-11-22","mode":"metro","km":2001}', "km", "<= 2000.0"),
        ('{"type":"log_trip","date":"2026-11-22","mode":"metro","km":2,"minutes":0}', "minutes", ">= 1"),
        ('{"type":"log_trip","date":"2026-11-22","mode":"rocket","km":2}', "mode", ""),
        ('{"type":"log_trip","date":"2026-11-22","mode":"metro","km":2,"replaces":"rocket"}', "replaces", ""),
        ('{"type":"log_trip","date":"2026-11-22","mode":"metro","km":2,"speed":2}', "speed", ""),
        ('{"type":"log_trip","date":"2026-11-22","mode":"metro"}', "km", ""),
    ],
)
def test_what_the_decoder_refuses_names_the_field(act: str, field: str, limit: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(act, type=module.acts)
    found = refusal_of(caught.value)
    assert found.field == field
    assert found.limit == limit or not limit


@pytest.mark.parametrize("km", ["nan", "inf", float("nan"), float("inf"), 0.01])
def test_a_distance_that_is_none_is_refused(km: Any) -> None:
    """As a form sends it: as text, leniently converted."""
    with pytest.raises((msgspec.ValidationError, Refused)):
        values = {"type": "log_trip", "date": "2026-11-22", "mode": "metro", "km": km}
        act = msgspec.convert(values, module.acts, strict=False)
        module.decide(fold(entries()), act, actor=ANN, now=NOON)


@pytest.mark.parametrize("team", ["加V信 13800001111", "www.example.com", "a/b", "x@y", "<b>", "T" * 25, "a\u202eb"])
def test_names_of_teams_hold_no_links_and_numbers(team: str) -> None:
    assert refusal(LogTrip(date="2026-11-22", mode="metro", km=8.0, team=team)).field == "team"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Class   3A ", "Class 3A"),
        ("三班", "三班"),
        ("OPEN", ""),
        ("开放队", ""),
        ("", ""),
        ("St. John's", "St. John's"),
    ],
)
def test_names_of_teams_are_kept_in_one_form(written: str, kept: str) -> None:
    assert log_trip(team=written).team == kept


def test_a_person_stays_with_their_team() -> None:
    state = fold(entries(trip(team="Reef")))
    assert log_trip(state, km=3.0).team == "Reef"
    assert log_trip(state, BOB).team == ""
    assert log_trip(state, team="", km=3.0).team == ""


def test_only_its_person_takes_a_trip_back() -> None:
    state = fold(entries(trip()))
    act = WithdrawTrip(trip=f"{NOON}-0")
    assert module.decide(state, act, actor=ANN, now=NOON) == [TripWithdrawn(trip=f"{NOON}-0", by="v-ann")]
    assert refusal(act, state, BOB).code == "forbidden"
    assert refusal(WithdrawTrip(trip="1-0"), state).code == "unknown"


def test_only_hosts_and_organizers_review() -> None:
    state = fold(entries(trip(review=("speed",))))
    act = ReviewTrip(trip=f"{NOON}-0", accepted=True, reason="asked her")
    assert module.decide(state, act, actor=HOST, now=NOON) == [
        TripReviewed(trip=f"{NOON}-0", accepted=True, by="h-1", reason="asked her")
    ]
    assert refusal(act, state, ANN).code == "forbidden"


def test_a_person_sees_their_own_trips_and_nobody_else_s() -> None:
    state = fold(entries(trip(), trip(mode="walk", km=1.0), trip(person="v-bob", review=("speed",))))
    seen = module.mine(state, "v-ann")
    assert (seen["team"], seen["km"], seen["trips_counted"]) == ("Reef", 9.0, 2)
    assert [one["km"] for one in seen["trips"]] == [1.0, 8.0], "newest first"
    assert seen["trips"][1]["co2e_high"] == pytest.approx(1.07936)
    [waiting] = module.mine(state, "v-bob")["trips"]
    assert waiting["status"] == "review"
    assert waiting["reasons"] == [{"code": "speed", **REASONS["speed"]._asdict()}]
    assert module.mine(state, "v-new")["trips"] == []
    assert [one["id"] for one in module.to_review(state)] == [waiting["id"]]
    assert msgspec.json.encode(seen)


def test_everything_shown_has_words_in_both_languages() -> None:
    assert {board.name for board in module.boards} == BOARDS.keys()
    assert {figure.name for figure in module.figures(fold(entries()))} == FIGURES.keys()
    assert set(MODES) < set(REPLACED)
    tables = (BOARDS, FIGURES, MODES, REPLACED, REASONS, REFUSALS)
    assert all(words.zh and words.en and words.zh != words.en for table in tables for words in table.values())
    assert translated(REFUSALS["future"].en, "zh-CN") == REFUSALS["future"].zh
    assert translated(REFUSALS["future"].en, "en") == REFUSALS["future"].en
