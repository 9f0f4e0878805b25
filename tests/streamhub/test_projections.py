"""Folding a log: once is as good as twice, a snapshot and the tail are the whole, catching up loses nothing."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streamhub.facts import CommentDecided, CommentJudged, CommentSubmitted, DecisionUndone, Reason
from streamhub.live import views
from streamhub.state import comments
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
