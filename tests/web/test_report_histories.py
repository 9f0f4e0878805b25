"""The report's SQL over the archive counts what the projections count, for any history."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from redis.asyncio import Redis

from streamhub.facts import CommentSubmitted
from streamhub.live import views
from streamhub.record.log import broadcast_log
from streamhub.state import reports
from streamhub.state.comments import Comment
from tests.web.report_histories import Step, fold, histories, write
from web.report.build import build_report

NOW = 1_800_000_000_000

QUESTION, NEXT = 0, 91
"""Picks: the first comment, and the entry after this one."""

ODD_ORDER: list[Step] = [
    ("say", "v-a", "question", False, "Why?"),
    ("judge", QUESTION, "publish", (), None),
    ("undo", NEXT),  # before there is anything to undo
    ("decide", QUESTION, "publish", None),
    ("vote", NEXT, "v-b", True),  # before it was asked
    ("say", "v-a", "question", False, "And how?"),
    ("move", NEXT, "answered", "too early"),
    ("say", "v-c", "question", False, "And when?"),
    ("judge", 1, "publish", (), None),
    ("judge", 2, "publish", (), None),
    ("undo", NEXT),
    ("decide", 1, "reject", None),
    *[("join", "v-b", "web")] * 17,
    ("move", QUESTION, "later", ""),  # entry 999-2
    ("move", QUESTION, "answered", "Because."),  # entry 1000-0: later, though smaller as text
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
@example(history=ODD_ORDER)
async def test_sql_and_projections_agree(store: Redis, tmp_path: Path, history: list[Step]) -> None:
    await store.flushall()
    log = broadcast_log(store, "REEF")
    await write(log, history)
    state = await fold(log)
    folder = Path(tempfile.mkdtemp(dir=tmp_path))  # the ids repeat, so one history's archive is no part of the next
    report = await build_report(store, "REEF", data=folder, modules={}, now=NOW)
    comments = list(state.comments.by_id.values())

    assert report.as_of == state.as_of
    assert report.people.viewers == len(state.audience.nick_of)
    assert report.people.spoke == len({c.viewer for c in comments})

    for tally, group in (
        (report.comments, comments),
        (report.comments.simulated, [c for c in comments if c.simulated]),
        (report.comments.from_people, [c for c in comments if not c.simulated]),
    ):
        by_status = Counter(c.status for c in group)
        assert (tally.submitted, tally.shown, tally.held, tally.rejected, tally.waiting) == (
            len(group), by_status["shown"], by_status["held"], by_status["rejected"], by_status["waiting"],
        )  # fmt: skip

    questions = list(state.questions.by_id.values())
    visible = [q for q in questions if state.comments.by_id[q.id].status == "shown"]
    progress = Counter(q.status for q in visible)
    counted = report.questions
    assert (counted.asked, counted.visible) == (len(questions), len(visible))
    assert (counted.answered, counted.later, counted.dismissed) == (
        progress["answered"], progress["later"], progress["dismissed"],
    )  # fmt: skip
    assert counted.outstanding == progress["waiting"] + progress["answering"]
    listed = [*counted.answered_list, *counted.later_list, *counted.outstanding_list]
    assert {(q.id, q.votes, q.status, q.answer) for q in listed} == {
        (q.id, len(q.voters), q.status, q.answer) for q in visible if q.status != "dismissed"
    }

    machine = Counter(c.verdict.action for c in comments if c.verdict)
    given = report.moderation.machine
    assert (given.publish, given.annotate, given.hold, given.reject) == (
        machine["publish"], machine["annotate"], machine["hold"], machine["reject"],
    )  # fmt: skip
    assert report.moderation.overturned == sum(map(_overturned, comments))
    assert {r.code: r.comments for r in report.moderation.reasons} == Counter(
        code
        for c in comments
        if c.verdict and c.verdict.action != "publish"
        for code in {r.code for r in c.verdict.reasons}
    )
    assert {c.claim: (c.comments, c.claim_zh) for c in report.claims} == {
        claim: (count, f"误解{claim}") for claim, count in Counter(c.note.claim for c in comments if c.note).items()
    }

    told = report.moderation.objections
    assert (told.reports, told.reported) == (
        sum(len(c.reports) for c in comments), sum(bool(c.reports) for c in comments),
    )  # fmt: skip
    records = [reports.record(state.reports, state.comments, viewer) for viewer in state.reports.by_viewer]
    assert told.agreed == sum(record.agreed for record in records)
    outcomes = Counter(views.outcome(state, c).appeal for c in comments)
    assert (told.appeals, told.granted, told.kept) == (
        sum(bool(c.appealed) for c in comments), outcomes["granted"], outcomes["kept"],
    )  # fmt: skip

    submitted = [entry async for entry in log.all() if isinstance(entry.fact, CommentSubmitted)]
    assert sum(b.comments for b in report.timeline.bins) == len(submitted)
    assert len(report.timeline.bins) <= 60


def _overturned(comment: Comment) -> bool:
    """A person reversed what the machine had decided by itself."""
    if comment.verdict is None or comment.verdict.action == "hold" or not comment.decisions:
        return False
    return (comment.status == "rejected") != (comment.verdict.action == "reject")
