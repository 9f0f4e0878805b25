"""The fold of a travel campaign: once is as good as twice, sums are what the log says, the log's order is law."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from campaigns.travel import module
from campaigns.travel.facts import TripReviewed, TripWithdrawn
from campaigns.travel.state import Trip
from campaigns.travel.texts import OPEN_TEAM
from streamhub.state.projection import Entry
from tests.campaigns.trips import CLOSED, boards_of, entries, fold, histories, trip


@given(histories())
def test_folding_twice_is_folding_once(log: list[Entry]) -> None:
    assert fold(log + log) == fold(log)


@given(histories(), st.data())
def test_a_kept_state_and_the_tail_are_the_whole(log: list[Entry], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log)))
    state = msgspec.json.decode(msgspec.json.encode(fold(log[:cut])), type=type(fold([])))
    for entry in log[cut:]:
        module.evolve(state, entry)
    assert state == fold(log)


@given(histories())
def test_boards_and_totals_are_the_sums_over_the_trips_that_count(log: list[Entry]) -> None:
    state = fold(log)
    counted = [trip for trip in state.trips.values() if trip.status == "counted"]
    by_team: dict[str, list[Trip]] = {}
    for one in counted:
        by_team.setdefault(one.team, []).append(one)
    boards = boards_of(state)
    assert boards["km"] == {team: sum(t.metres for t in trips) / 1000 for team, trips in by_team.items()}
    assert boards["trips"] == {team: len(trips) for team, trips in by_team.items()}
    assert boards["people"] == {team: len({t.person for t in trips}) for team, trips in by_team.items()}
    assert boards["km_per_head"] == {team: boards["km"][team] / boards["people"][team] for team in by_team}
    figures = {figure.name: figure for figure in module.figures(state)}
    assert figures["km"].value == sum(t.metres for t in counted) / 1000
    assert figures["people"].value == len({t.person for t in counted})
    assert figures["review"].value == sum(t.status == "review" for t in state.trips.values())
    assert figures["co2e_avoided"].low == sum(t.low for t in counted) / 1e6
    assert figures["co2e_avoided"].high == sum(t.high for t in counted) / 1e6


@given(histories())
def test_the_teams_that_evolve_names_are_all_whose_numbers_changed(log: list[Entry]) -> None:
    state = module.initial()
    kept: dict[tuple[str, str], float] = {}
    for entry in log:
        members = module.evolve(state, entry)
        for board, scores in module.scores(state, members).items():
            kept |= {(board, member): score for member, score in scores.items()}
        assert {key: score for key, score in kept.items() if score > 0} == {
            (board, member): score for board, scores in boards_of(state).items() for member, score in scores.items()
        }


def test_a_trip_counts_for_its_team_and_a_withdrawn_one_for_nobody() -> None:
    log = entries(trip(), trip(person="v-bob", km=4.0, mode="bike"))
    assert boards_of(fold(log))["km"] == {"Reef": 12.0}
    assert boards_of(fold(log))["km_per_head"] == {"Reef": 6.0}
    log.append(Entry("9999999999998-0", TripWithdrawn(trip=log[2].id, by="v-ann")))
    assert boards_of(fold(log))["km"] == {"Reef": 4.0}
    log.append(Entry("9999999999999-0", TripReviewed(trip=log[2].id, accepted=True, by="h-1")))
    assert boards_of(fold(log))["km"] == {"Reef": 4.0}, "taken back is final"


def test_nobody_takes_back_the_trip_of_another() -> None:
    log = entries(trip())
    log.append(Entry("9999999999999-0", TripWithdrawn(trip=log[2].id, by="v-bob")))
    assert boards_of(fold(log))["trips"] == {"Reef": 1}


def test_a_doubtful_trip_waits_until_a_person_accepts_it_and_the_latest_decision_counts() -> None:
    log = entries(trip(review=("speed",)))
    assert boards_of(fold(log))["km"] == {}
    assert list(fold(log).in_review) == [log[2].id]
    accepted = [*log, Entry("9999999999998-0", TripReviewed(trip=log[2].id, accepted=True, by="h-1"))]
    assert boards_of(fold(accepted))["km"] == {"Reef": 8.0}
    rejected = [*accepted, Entry("9999999999999-0", TripReviewed(trip=log[2].id, accepted=False, by="h-1"))]
    assert boards_of(fold(rejected))["km"] == {}
    assert not fold(rejected).in_review


def test_two_hubs_at_once_cannot_slip_a_seventh_trip_past_the_limit() -> None:
    """Each hub saw six or fewer; the log has seven, and its order decides."""
    log = entries(*(trip(km=1.0 + number) for number in range(7)))
    state = fold(log)
    assert [one.status for one in state.trips.values()] == ["counted"] * 6 + ["review"]
    assert state.trips[log[-1].id].reasons == ("many_trips",)


def test_a_trip_that_reaches_the_log_after_the_close_waits() -> None:
    state = fold(entries(trip(), CLOSED, trip(km=3.0)))
    assert [(one.status, one.reasons) for one in state.trips.values()] == [
        ("counted", ()),
        ("review", ("after_close",)),
    ]


def test_teams_are_one_whatever_their_capitals_and_no_team_is_the_open_team() -> None:
    state = fold(entries(trip(), trip(team="REEF", person="v-bob"), trip(team="", person="v-cai")))
    assert boards_of(state)["people"] == {"Reef": 2, OPEN_TEAM: 1}


def test_a_fact_of_a_later_version_changes_nothing_but_the_position() -> None:
    log = [*entries(trip()), Entry("9999999999999-0", None)]
    assert fold(log).as_of == "9999999999999-0"
    assert boards_of(fold(log)) == boards_of(fold(log[:-1]))
