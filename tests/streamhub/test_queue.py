"""The review queue: what it lists, and how it says that items are alike."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streamhub.facts import AppealMade, CommentJudged, CommentReported, CommentSubmitted, Reason
from streamhub.live import views
from streamhub.live.queue import REVIEW_LIMIT, alike, review, review_changed
from streamhub.state.projection import Entry
from tests.streamhub.histories import histories
from tests.streamhub.test_projections import fold


def test_what_says_nearly_the_same_is_one_group() -> None:
    texts = [
        "Cheap fins for everybody, add me: reef88", "A lovely reef tonight", "cheap FINS for everybody add me 93!!",
        "姐妹们加薇 abc一二三 领低碳礼品券", "姐妹们加薇 xy 领低碳礼品券", "领了低碳礼品券的姐妹多吗", "666", "999",
    ]  # fmt: skip
    groups = alike(texts)
    assert groups[0] == groups[2] != ""
    assert groups[3] == groups[4] != groups[0]
    assert [groups[1], groups[5], groups[6], groups[7]] == ["", "", "", ""]


@given(st.lists(st.text(max_size=30), max_size=12))
def test_equal_texts_with_letters_are_always_alike(texts: list[str]) -> None:
    groups = alike([*texts, "corals are animals", *texts, "corals are animals"])
    assert groups[len(texts)] == groups[-1] != ""
    assert len(groups) == 2 * len(texts) + 2


def test_no_more_is_listed_than_a_person_can_read_but_all_are_counted() -> None:
    entries = []
    for number in range(REVIEW_LIMIT + 50):
        comment = f"{1000 + number}-0"
        entries.append(Entry(comment, CommentSubmitted(viewer=f"v{number}", nick="n", text=f"text {number}")))
        held = CommentJudged(comment=comment, action="hold", reasons=(Reason(code="unsure"),))
        entries.append(Entry(f"{1000 + number}-1", held))
    shown = review(fold(entries), now_ms=10_000)
    assert (len(shown.held), shown.backlog) == (REVIEW_LIMIT, REVIEW_LIMIT + 50)


def test_the_text_as_the_checks_read_it_stands_there_where_it_differs() -> None:
    said = [
        Entry(f"{n}-0", CommentSubmitted(viewer="v", nick="n", text=text)) for n, text in ((1, "加薇"), (2, "reef"))
    ]
    shown = review(fold(said), now_ms=10**9, plain=lambda text: text.replace("薇", "微"))
    assert [view.plain for view in shown.held] == ["加微", ""]


@settings(max_examples=40)
@given(histories(most=25))
def test_moderators_are_told_whenever_what_they_see_has_changed(entries: list[Entry]) -> None:
    """Apart from time passing: the clock stands still here, and nothing is overdue."""
    state = fold(entries[:1])
    for entry in entries[1:]:
        before, seen = state.as_of, review(state, now_ms=0)
        state = fold([entry], state)
        now = review(state, now_ms=0)
        people = [[(one.viewer, one.effect, one.until) for one in shown.restricted] for shown in (seen, now)]
        if (seen.held, seen.decided, seen.backlog, people[0]) != (now.held, now.decided, now.backlog, people[1]):
            assert review_changed(state, before), entry


def test_an_objection_and_reports_stand_on_the_card() -> None:
    state = fold([
        Entry("1-0", CommentSubmitted(viewer="v", nick="n", text="t")),
        Entry("2-0", CommentJudged(comment="1-0", action="reject", reasons=(Reason(code="abuse"),))),
        Entry("3-0", AppealMade(comment="1-0", viewer="v", text="not so")),
        Entry("4-0", CommentReported(comment="1-0", viewer="w", why="abuse")),
        Entry("5-0", CommentReported(comment="1-0", viewer="x", why="abuse", weight=0.25)),
    ])  # fmt: skip
    (view,) = review(state, now_ms=0).held
    assert (view.appeal, view.reports, view.weight, view.turn) == ("not so", {"abuse": 2}, 0.75, "3-0")


def test_moderators_read_which_listed_word_was_found_and_its_author_does_not() -> None:
    held = CommentJudged(comment="1-0", action="hold", reasons=(Reason(code="unsure", rule="word", word="水坝"),))
    state = fold([Entry("1-0", CommentSubmitted(viewer="v", nick="n", text="水坝的事")), Entry("2-0", held)])
    assert review(state, now_ms=10).held[0].reasons[0].word == "水坝"
    (told,) = views.own(state, "v")
    assert told.reasons == (Reason(code="unsure", rule="word"),)
