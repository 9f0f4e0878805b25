"""A policy tried on a past log: what would differ, and nothing else."""

from __future__ import annotations

from moderation.pipeline import Pipeline
from moderation.policy import load_policy, preset
from moderation.trial import Trial
from streamhub.facts import (
    BroadcastCreated,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Reason,
    VerdictRevised,
    WordEffect,
    WordListed,
    WordUnlisted,
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


def test_words_of_its_campaigns_count_as_they_did_then_unless_it_says_otherwise(pipeline: Pipeline) -> None:
    def listing(at: str, word: str, effect: WordEffect) -> Entry:
        return Entry(at, WordListed(word=word, effect=effect, by="organizer"))

    week = [
        listing("900-0", "水坝", "allow"),
        listing("950-0", "abc12345", "allow"),
        listing("1500-0", "没有判过", "hold"),
        Entry("1999-0", WordUnlisted(word="abc12345", by="organizer")),
        listing("2001-0", "这条鱼", "hold"),
        listing("2002-1", "水坝", "hold"),
    ]
    belongs = Entry("100-0", BroadcastCreated(code="REEF", title="Reef", by="test", campaigns=("WEEK",)))
    trial = Trial(pipeline, load_policy(), {"WEEK": week, "OTHER": [listing("1-0", "这条鱼", "allow")]})
    trial.feed([belongs, *LOG])
    would = {row.comment: row.would_reasons for row in trial.result().changes}
    assert [reason.word for reason in would["2002-0"]] == ["水坝"]  # the broadcast's own word says more
    assert "2000-0" not in would  # its word was off the list by then
    assert "2001-0" not in would  # listed at that moment: held, as it was
    late = Trial(pipeline, load_policy(), {"WEEK": [listing("2001-1", "这条鱼", "hold")]})
    late.feed([belongs, *LOG])
    assert [row.would for row in late.result().changes if row.comment == "2001-0"] == ["publish"]
