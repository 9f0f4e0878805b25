"""Folding a log: once is as good as twice, a snapshot and the tail are the whole, catching up loses nothing."""

from __future__ import annotations

from unittest.mock import patch

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streamhub.facts import (
    AppealMade,
    CommentDecided,
    CommentJudged,
    CommentReported,
    CommentSubmitted,
    DecisionUndone,
    PolicyChosen,
    Reason,
    RestrictionLifted,
    VerdictRevised,
    ViewerRestricted,
    WordListed,
    WordUnlisted,
)
from streamhub.live import views
from streamhub.record import parts
from streamhub.state import comments, reports, restrictions
from streamhub.state.broadcast import BroadcastState, advance
from streamhub.state.projection import START, Entry, position
from streamhub.wire import Batch, BroadcastView, QuestionView, ShownComment
from tests.streamhub.histories import NOTE, histories


def fold(entries: list[Entry], state: BroadcastState | None = None) -> BroadcastState:
    state = state or BroadcastState()
    for entry in entries:
        advance(state, entry)
    return state


@given(histories())
def test_folding_twice_is_folding_once(entries: list[Entry]) -> None:
    assert fold(entries + entries) == fold(entries)


@given(histories(), st.data())
def test_reading_again_what_was_read_changes_nothing(entries: list[Entry], data: st.DataObject) -> None:
    """After a break, or from a snapshot that is older than the state, a stretch of the log is read twice."""
    end = data.draw(st.integers(0, len(entries)))
    again = data.draw(st.integers(0, end))
    assert fold(entries[:end] + entries[again:]) == fold(entries)


@given(histories(), st.data())
def test_snapshot_and_tail_are_the_whole(entries: list[Entry], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(entries)))
    kept = msgspec.json.encode(fold(entries[:cut]))
    state = msgspec.json.decode(kept, type=BroadcastState)
    assert fold(entries[cut:], state) == fold(entries)
    assert list(state.comments.by_id) == list(fold(entries).comments.by_id)


@given(histories(), st.data())
def test_a_snapshot_in_parts_and_the_tail_are_the_whole(entries: list[Entry], data: st.DataObject) -> None:
    """The order of all dictionaries too: what was changed last is at their ends."""
    cut = data.draw(st.integers(0, len(entries)))
    with patch.object(parts, "PART_ITEMS", data.draw(st.integers(1, 4))):
        first, *rest = parts.lines(fold(entries[:cut]), "stamp")
    head = parts.begun(first)
    assert head is not None and head.parts == len(rest)
    for part in rest:
        parts.take(head.state, part)
    assert head.state == fold(entries[:cut])
    assert msgspec.json.encode(fold(entries[cut:], head.state)) == msgspec.json.encode(fold(entries))


@given(histories(), st.integers(0, 50))
def test_the_latest_comments_are_those_that_became_visible_last(entries: list[Entry], last: int) -> None:
    state = fold(entries).comments
    visible = sorted((c for c in state.by_id.values() if c.status == "shown"), key=lambda c: position(c.shown))
    assert comments.shown(state, last) == visible[len(visible) - min(last, len(visible)) :]


@given(histories())
def test_questions_that_did_not_change_need_not_be_ordered_again(entries: list[Entry]) -> None:
    state = BroadcastState()
    for entry in entries:
        before = views.whole(state, last=5)
        advance(state, entry)
        if not views.questions_changed(state, before.as_of):
            assert views.whole(state, 5, before.questions) == views.whole(state, 5)


@given(histories(), st.data())
def test_catching_up_gives_what_a_fresh_visit_gives(entries: list[Entry], data: st.DataObject) -> None:
    """A viewer who left at any point and returns sees exactly what a newcomer sees, each comment once, in order."""
    cut = data.draw(st.integers(1, len(entries)))
    screen = apply([], views.whole(fold(entries[:cut]), last=500))
    whole = fold(entries)
    screen = apply(screen, views.since(whole, fold(entries[:cut]).as_of))
    newcomer = apply([], views.whole(whole, last=500))
    assert screen == newcomer
    assert len({view.id for view in screen}) == len(screen)


@given(histories(), st.data())
def test_a_page_and_a_socket_that_name_the_same_entry_show_the_same(entries: list[Entry], data: st.DataObject) -> None:
    """A page that was loaded at one place and got frames since, at whatever ticks, is the page loaded now: comments
    with their notes, questions with votes and answers, and the broadcast itself."""
    cuts = sorted(data.draw(st.lists(st.integers(1, len(entries)), min_size=1, max_size=6)))
    screen = Screen()
    screen.take(views.whole(fold(entries[: cuts[0]]), last=500))
    for cut in [*cuts, len(entries)]:
        screen.take(views.since(fold(entries[:cut]), screen.as_of))
    page = Screen()
    page.take(views.whole(fold(entries), last=500))
    assert screen == page


@given(histories(), st.integers(0, 6), st.data())
def test_whoever_is_too_far_behind_starts_over_and_misses_nothing_after(
    entries: list[Entry], limit: int, data: st.DataObject
) -> None:
    left, back = sorted(data.draw(st.lists(st.integers(1, len(entries)), min_size=2, max_size=2)))
    state, whole = fold(entries[:back]), fold(entries)
    screen = Screen()
    screen.take(views.whole(fold(entries[:left]), last=500))
    changed = comments.changed_since(state.comments, screen.as_of)
    too_far = views.too_far_behind(state, screen.as_of, limit)
    assert too_far == (len(changed) > limit)
    screen.take(views.whole(state, last=500) if too_far else views.since(state, screen.as_of))
    screen.take(views.since(whole, screen.as_of))
    newcomer = Screen()
    newcomer.take(views.whole(whole, last=500))
    assert (screen.comments, screen.questions) == (newcomer.comments, newcomer.questions)


@given(histories())
def test_every_tick_shows_each_comment_once(entries: list[Entry]) -> None:
    """Whatever the ticks, a comment is announced as new exactly once, and in the order in which it became visible."""
    state, announced = BroadcastState(), []
    for entry in entries:
        before = state.as_of
        advance(state, entry)
        announced += [view.id for view in views.since(state, before).comments]
    ever = [
        c.id for c in sorted((c for c in state.comments.by_id.values() if c.shown), key=lambda c: position(c.shown))
    ]
    assert announced == ever


class Screen(msgspec.Struct):
    """What a browser keeps of the frames."""

    as_of: str = START
    broadcast: BroadcastView | None = None
    comments: dict[str, ShownComment] = {}
    questions: dict[str, QuestionView] = {}

    def take(self, batch: Batch) -> None:
        if batch.reset:
            self.comments, self.questions = {}, {}
        self.as_of = batch.as_of
        self.broadcast = batch.broadcast or self.broadcast
        self.comments |= {view.id: view for view in (*batch.comments, *batch.changed)}
        self.questions |= {view.id: view for view in batch.questions}
        for gone in batch.gone:
            self.comments.pop(gone, None)
            self.questions.pop(gone, None)


def apply(screen: list[object], batch: Batch) -> list[object]:
    """What a browser does with a frame."""
    shown = {} if batch.reset else {view.id: view for view in screen}
    for view in (*batch.comments, *batch.changed):
        shown[view.id] = view
    for gone in batch.gone:
        shown.pop(gone, None)
    return sorted(shown.values(), key=lambda view: position(view.shown))


def test_a_person_beats_the_machine_whenever_the_verdict_comes() -> None:
    entries = [
        Entry("1-0", CommentSubmitted(viewer="v", nick="n", text="t")),
        Entry("2-0", CommentDecided(comment="1-0", action="publish", by="host")),
        Entry("3-0", CommentJudged(comment="1-0", action="reject", reasons=(Reason(code="abuse"),))),
    ]
    comment = fold(entries).comments.by_id["1-0"]
    assert (comment.status, comment.reasons[0].code, comment.shown) == ("shown", "person", "2-0")
    undone = fold([*entries, Entry("4-0", DecisionUndone(decision="2-0", by="host"))]).comments.by_id["1-0"]
    assert (undone.status, undone.reasons[0].code) == ("rejected", "abuse")


def test_a_second_verdict_changes_nothing() -> None:
    entries = [
        Entry("1-0", CommentSubmitted(viewer="v", nick="n", text="t")),
        Entry("2-0", CommentJudged(comment="1-0", action="annotate", note=NOTE)),
        Entry("3-0", CommentJudged(comment="1-0", action="hold")),
    ]
    assert fold(entries).comments.by_id["1-0"].status == "shown"


def test_unreadable_entries_keep_their_place() -> None:
    assert fold([Entry("5-0", None)]).as_of == "5-0"


def test_overdue_comments_are_offered_to_a_person() -> None:
    state = fold([Entry("1000-0", CommentSubmitted(viewer="v", nick="n", text="t"))])
    assert [c.id for c in comments.to_review(state.comments, waiting_before=999)] == []
    assert [c.id for c in comments.to_review(state.comments, waiting_before=1001)] == ["1000-0"]
    assert position(START) < position("1-0") < position("9-0") < position("10-0")


SAID = [
    Entry("1-0", CommentSubmitted(viewer="v", nick="n", text="t")),
    Entry("2-0", CommentJudged(comment="1-0", action="publish")),
]


@given(histories())
def test_the_index_of_cases_holds_exactly_what_wants_a_person(entries: list[Entry]) -> None:
    state = fold(entries).comments
    assert set(state.cases) == {c.id for c in state.by_id.values() if comments.wants_person(c)}


def test_a_report_of_an_unknown_viewer_asks_a_person_and_hides_nothing() -> None:
    state = fold([*SAID, Entry("3-0", CommentReported(comment="1-0", viewer="w", why="abuse"))])
    comment = state.comments.by_id["1-0"]
    assert (comment.status, comment.changed, list(state.comments.cases)) == ("shown", "2-0", ["1-0"])
    kept = fold([Entry("4-0", CommentDecided(comment="1-0", action="publish", by="host"))], state)
    assert kept.comments.cases == {}
    assert reports.record(kept.reports, kept.comments, "w") == reports.Record(settled=1)
    undone = fold([Entry("5-0", DecisionUndone(decision="4-0", by="host"))], kept)
    assert list(undone.comments.cases) == ["1-0"]
    assert reports.record(undone.reports, undone.comments, "w") == reports.Record(open=1)


def test_reporters_gain_and_lose_weight_by_what_people_decide() -> None:
    unknown, right, wrong = reports.Record(), reports.Record(settled=3, agreed=3), reports.Record(settled=3)
    assert (right.weight, unknown.weight, wrong.weight) == (0.8, 0.5, 0.2)
    light = CommentReported(comment="1-0", viewer="w", weight=wrong.weight)
    assert fold([*SAID, Entry("3-0", light)]).comments.cases == {}
    again = msgspec.structs.replace(light, viewer="x", weight=unknown.weight)
    assert list(fold([*SAID, Entry("3-0", light), Entry("4-0", again)]).comments.cases) == ["1-0"]


def test_a_report_that_hides_holds_the_comment_until_a_person_has_looked() -> None:
    hidden = [*SAID, Entry("3-0", CommentReported(comment="1-0", viewer="w", hides=True))]
    comment = fold(hidden).comments.by_id["1-0"]
    assert (comment.status, comment.reasons[0].code) == ("held", "reported")
    kept = fold([*hidden, Entry("4-0", CommentDecided(comment="1-0", action="publish", by="host"))])
    assert kept.comments.by_id["1-0"].status == "shown"


def test_an_appeal_is_made_once_by_the_author_and_open_until_a_person_decides() -> None:
    held = [SAID[0], Entry("2-0", CommentJudged(comment="1-0", action="reject", reasons=(Reason(code="abuse"),)))]
    assert fold(held).comments.cases == {}
    someone = Entry("3-0", AppealMade(comment="1-0", viewer="w", text="not me"))
    assert fold([*held, someone]).comments.cases == {}
    appealed = [*held, Entry("3-0", AppealMade(comment="1-0", viewer="v", text="a quotation"))]
    second = Entry("4-0", AppealMade(comment="1-0", viewer="v", text="again"))
    comment = fold([*appealed, second]).comments.by_id["1-0"]
    assert (comment.appeal_open, comment.appeal.text, comment.turn) == (True, "a quotation", "3-0")
    answered = fold([*appealed, Entry("5-0", CommentDecided(comment="1-0", action="reject", by="host"))])
    assert (answered.comments.cases, answered.comments.by_id["1-0"].appeal_open) == ({}, False)


def test_restrictions_end_by_the_clock_or_by_a_person() -> None:
    entries = [
        Entry("1-0", ViewerRestricted(viewer="v", effect="mute", until_ms=2000, by="host")),
        Entry("2-0", ViewerRestricted(viewer="v", effect="ban", until_ms=5000, by="host")),
    ]
    state = fold(entries).restrictions
    assert [restrictions.of(state, "v", now) is not None for now in (4999, 5000)] == [True, False]
    assert restrictions.current(state, 4999)[0].effect == "ban"
    lifted = fold([*entries, Entry("3-0", RestrictionLifted(viewer="v", by="host"))]).restrictions
    assert restrictions.of(lifted, "v", 10) is None


def test_the_policy_is_what_was_chosen_last_and_its_changes_are_kept() -> None:
    entries = [
        Entry("1-0", PolicyChosen(preset="school", by="host:Mei")),
        Entry("2-0", WordListed(word="reef.org", effect="allow", by="host:Mei")),
        Entry("3-0", WordUnlisted(word="reef.org", by="host:Bo")),
    ]
    state = fold(entries).policy
    assert (state.preset, state.words, [fact.by for fact in state.changes.values()]) == (
        "school", {}, ["host:Mei", "host:Mei", "host:Bo"],
    )  # fmt: skip


def test_the_mark_of_applause_is_shown_and_outlives_the_second_look() -> None:
    said = Entry("1-0", CommentSubmitted(viewer="a", nick="a", text="加油！"))
    judged = Entry("2-0", CommentJudged(comment="1-0", action="publish", provisional=True, applause="加油"))
    revised = Entry("3-0", VerdictRevised(comment="1-0", action="publish"))
    for entries in ([said, judged], [said, judged, revised]):
        assert [view.applause for view in views.whole(fold(entries), last=10).comments] == ["加油"]
