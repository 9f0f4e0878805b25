"""A policy tried on a past log: what would differ, and nothing else."""

from __future__ import annotations

from moderation.campaign_words import lend
from moderation.pipeline import Pipeline
from moderation.policy import load_policy, preset
from moderation.trial import Trial
from streamhub.facts import (
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Reason,
    VerdictRevised,
    WordListed,
)
from streamhub.state.projection import Entry

LOG = [
    Entry("1000-0", WordListed(word="水坝", effect="hold", by="host")),
    Entry("2000-0", CommentSubmitted(viewer="a", nick="n", text="加我微信 abc12345")),
    Entry("2001-0", CommentSubmitted(viewer="b", nick="n", text="这条鱼好漂亮")),
    Entry("2002-0", CommentSubmitted(viewer="c", nick="n", text="水坝的事怎么说")),
    Entry("2003-0", CommentSubmitted(viewer="d", nick="n", text="没有判过的一句")),
    Entry("3000-0", CommentJudged(comment="2000-0", action="publish", provisional=True)),
    Entry("3001-0", CommentJudged(comment="2001-0", action="hold", reasons=(Reason(code="unsure", rule="doubt"),))),
    Entry("3002-0", CommentJudged(comment="2002-0", action="publish")),
    Entry("3003-0", VerdictRevised(comment="2000-0", action="hold", reasons=(Reason(code="contact", rule="p001"),))),
    Entry("3004-0", CommentDecided(comment="2001-0", action="publish", by="host")),
    Entry("3005-0", CommentDecided(comment="2002-0", action="reject", by="host")),
    Entry("3006-0", DecisionUndone(decision="3005-0", by="host")),
    Entry("4000-0", None),
]


def test_only_what_differs_is_a_change(pipeline: Pipeline) -> None:
    trial = Trial(pipeline, load_policy())
    trial.feed(LOG)
    result = trial.result()
    assert (result.comments, result.unjudged) == (4, 1)
    assert result.counts == {"hold>hold": 1, "hold>publish": 1, "publish>hold": 1}
    assert [(row.comment, row.was, row.would, row.person) for row in result.changes] == [
        ("2001-0", "hold", "publish", "publish"),
        ("2002-0", "publish", "hold", ""),
    ]
    assert result.changes[1].would_reasons[0].rule == "word"


def test_the_policy_that_is_tried_counts_whatever_was_chosen_then(pipeline: Pipeline) -> None:
    trial = Trial(pipeline, preset("open"))
    trial.feed(LOG)
    assert trial.result().policy.startswith("open-")


def test_words_of_its_campaigns_count_unless_it_says_otherwise(pipeline: Pipeline) -> None:
    lent = lend({"WEEK": {"水坝": "allow", "这条鱼": "hold", "abc12345": "allow"}, "DAY": {"abc12345": "hold"}})
    trial = Trial(pipeline, load_policy(), lent)
    trial.feed(LOG)
    would = {row.comment: row.would_reasons for row in trial.result().changes}
    assert [reason.rule for reason in would["2002-0"]] == ["word"]
    assert "2001-0" not in would
    assert "2000-0" not in would
