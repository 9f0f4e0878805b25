"""Files of trips as people keep them: Chinese and English headers, odd encodings, mistakes named by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.travel import module
from campaigns.travel.acts import LogTrip
from campaigns.travel.importing import ROWS_LIMIT, ImportedTrip, LineError, parse, text_of
from campaigns.travel.texts import LINE_ERRORS, translated
from tests.campaigns.trips import NOON, boards_of, entries, fold

ENGLISH = """person,team,date,mode,km,minutes,replaces
Ann,Reef,2026-11-21,metro,8,25,car
Bob,,2026-11-21,Cycling,5.5,,
"""
CHINESE = """\ufeff姓名,队伍,日期,出行方式,公里,用时(分钟),替代
张伟,三班,2026年11月21日,地铁,8 公里,25分钟,开车
李娜,三班,2026/11/21,骑行,５.５,,
"""


def trips(text: str) -> list[ImportedTrip]:
    found = list(parse(text))
    assert all(isinstance(one, ImportedTrip) for one in found), found
    return [one for one in found if isinstance(one, ImportedTrip)]


def errors(text: str) -> list[LineError]:
    return [one for one in parse(text) if isinstance(one, LineError)]


def test_an_english_file() -> None:
    first, second = trips(ENGLISH)
    assert first.act == LogTrip(date="2026-11-21", mode="metro", km=8.0, team="Reef", minutes=25, replaces="car", row=2)
    assert second.act == LogTrip(date="2026-11-21", mode="bike", km=5.5, team="", row=3)
    assert (first.line, second.line) == (2, 3)
    assert first.actor.person != second.actor.person
    assert (first.actor.via, first.actor.role) == ("import", "organizer")


def test_a_chinese_file_with_a_byte_order_mark() -> None:
    first, second = trips(CHINESE)
    assert first.act == LogTrip(date="2026-11-21", mode="metro", km=8.0, team="三班", minutes=25, replaces="car", row=2)
    assert (second.act.mode, second.act.km) == ("bike", 5.5)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_of_spreadsheets(encoding: str) -> None:
    text = CHINESE.removeprefix("\ufeff")
    assert trips(text_of(text.encode(encoding))) == trips(text)


@pytest.mark.parametrize("separator", [";", "\t", "，"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(separator: str, ending: str) -> None:
    assert trips(ENGLISH.replace(",", separator).replace("\n", ending)) == trips(ENGLISH)


def test_columns_in_any_order_and_columns_of_one_s_own() -> None:
    text = "km,note,Mode,DATE,Team,Person\n8,to work,metro,2026-11-21,Reef,Ann\n"
    [one] = trips(text)
    assert (one.act.km, one.act.team) == (8.0, "Reef")


def test_names_of_people_stay_in_the_file() -> None:
    assert all("ann" not in repr(one).casefold() for one in trips(ENGLISH))


def test_mistakes_are_named_by_line_and_field_and_the_rest_goes_on() -> None:
    text = """person,team,date,mode,km
Ann,Reef,2026-11-31,metro,8
Ann,Reef,2026-11-21,rocket,8

Ann,Reef,2026-11-21,metro,far
Ann,Reef,2026-11-21,metro,"3,5"
Ann,Reef,2026-11-21,metro,-1
Ann,Reef,2026-11-21,metro,5000
,Reef,2026-11-21,metro,8
Ann,加微信 1380000,2026-11-21,metro,8
Ann,Reef,2026-11-21,metro,8,more
"Ann,Reef,2026-11-21,metro,8
Ann,Reef,,,
Ann,Reef,2026-11-21,metro,8
"""
    found = list(parse(text))
    assert [(one.line, one.field, one.limit) for one in found if isinstance(one, LineError)] == [
        (2, "date", ""),
        (3, "mode", "walk, bike, ebike, bus, metro, tram, train, coach"),
        (5, "km", ""),
        (6, "km", ""),
        (7, "km", "> 0, <= 2000"),
        (8, "km", "> 0, <= 2000"),
        (9, "person", ""),
        (10, "team", ""),
        (11, "", "<= 5"),
        (12, "", ""),
        (13, "date", ""),
        (13, "mode", "walk, bike, ebike, bus, metro, tram, train, coach"),
        (13, "km", ""),
    ]
    assert [one.line for one in found if isinstance(one, ImportedTrip)] == [14]
    assert all(translated(one.message, "zh") != one.message for one in found if isinstance(one, LineError))


def test_a_missing_column_is_said_once_and_nothing_is_read() -> None:
    assert errors("person,team,date,mode\nAnn,Reef,2026-11-21,metro\n") == [
        LineError(1, "km", LINE_ERRORS["no_column"].en)
    ]
    assert errors("person,team,date,mode,km,距离\n") == [LineError(1, "km", LINE_ERRORS["two_columns"].en)]
    assert errors("\n\n") == [LineError(1, "", LINE_ERRORS["empty"].en)]


def test_a_very_long_file_is_cut_and_says_so() -> None:
    row = "Ann,Reef,2026-11-21,metro,8\n"
    found = list(parse("person,team,date,mode,km\n" + row * (ROWS_LIMIT + 5)))
    assert found[-1] == LineError(ROWS_LIMIT + 2, "", LINE_ERRORS["many_rows"].en, f"<= {ROWS_LIMIT}")
    assert len(found) == ROWS_LIMIT + 1


def test_the_same_row_is_the_same_whatever_its_spelling_and_place() -> None:
    again = "Date,Person,Team,Mode,km\n\n2026/11/21, ANN,Reef,地铁,8.0\n"
    plain = "person,team,date,mode,km\nBob,Reef,2026-11-21,bus,3\nAnn,Reef,2026-11-21,metro,8\n"
    assert trips(again)[0].once == trips(plain)[1].once
    assert trips(again)[0].actor == trips(plain)[1].actor


def test_rows_that_say_the_same_are_two_trips() -> None:
    text = "person,team,date,mode,km\n" + "Ann,Reef,2026-11-21,metro,8\n" * 2
    first, second = trips(text)
    assert first.once != second.once
    assert trips(text) == [first, second]


@given(st.text(max_size=200))
def test_any_text_is_read_without_failing(text: str) -> None:
    list(parse(text))
    list(parse("person,team,date,mode,km\n" + text))


def test_a_file_s_rows_are_decided_like_any_trip() -> None:
    state, log = fold(entries()), entries()
    for number, row in enumerate(trips(ENGLISH)):
        [fact] = module.decide(state, row.act, actor=row.actor, now=NOON)
        log.append(type(log[0])(f"{NOON + number}-0", fact))
    assert boards_of(fold(log))["km"] == {"Reef": 8.0, "open": 5.5}
