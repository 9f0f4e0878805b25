"""The evaluation measures what runs, says what it could not read, and the figures hold what we promise."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from moderation.evaluate import Row, evaluate, evaluate_file, format_evaluation, read_rows, summary
from moderation.judge import Heard
from moderation.measure import auc, measure, recall_at_precision
from moderation.normalise import read
from moderation.pipeline import Force, Pipeline

HELD_OUT = Path(__file__).parent / "held_out.jsonl"
BROADCAST = Path(__file__).parents[2] / "web" / "demo" / "script.jsonl"
HARMFUL = ("加薇", "扣🐧", "傻子看个", "pathetic", "戳我", "REEFCOIN", "滴滴我", "挂靠年入", "佳V")
"""What tells the harmful comments of the demonstration broadcast from the others."""


def test_nothing_harmless_is_held_and_what_harms_is_found(pipeline: Pipeline) -> None:
    """160 comments that were never trained on. At most 3 % of the harmless ones are held."""
    rows, mistakes = read_rows(HELD_OUT)
    assert len(rows) == 160 and not mistakes
    figures = summary(evaluate(rows, pipeline))["all"]
    by_label = figures["actions_by_label"]
    assert by_label["ok"]["hold"] <= 0.03 and by_label["ok"]["annotate"] <= 0.06, by_label
    assert by_label["promotion"]["hold"] >= 0.90, by_label
    assert by_label["abuse"]["hold"] >= 0.90, by_label
    assert by_label["misinformation"]["annotate"] >= 0.60, by_label
    assert figures["macro_f1"] >= 0.80


def test_a_question_that_reads_like_an_assertion_gets_its_card_only_where_the_policy_lets_it(
    pipeline: Pipeline,
) -> None:
    heard = Heard(read("those cups that say compostable, if one blows in the sea does it go away?"))
    assertion = Heard(read("地球自己的周期而已，变暖跟人类没关系"))
    claim = msgspec.structs.replace(pipeline.policy.claim, question_at=0.3)
    eager = Force(msgspec.structs.replace(pipeline.policy, claim=claim))
    usual = Force(pipeline.policy)
    actions = [
        [verdict.action for verdict in pipeline.judge([heard, assertion], [force, force])] for force in (usual, eager)
    ]
    assert actions == [["publish", "annotate"], ["annotate", "annotate"]]


def test_an_evening_of_idle_talk_is_let_flow(pipeline: Pipeline) -> None:
    """A broadcast as it is played, most of it small talk, which is what viewers type most."""
    played = [json.loads(line) for line in BROADCAST.read_text("utf-8").splitlines()]
    come: set[str] = set()
    heard: list[Heard] = []
    for row in played:
        heard.append(Heard(read(row["text"]), newcomer=row["user"] not in come))
        come.add(row["user"])
    held = {row["text"] for row, said in zip(played, pipeline.judge(heard), strict=True) if said.action == "hold"}
    harmful = {row["text"] for row in played if any(sign in row["text"] for sign in HARMFUL)}
    assert len(heard) > 380 and len(harmful) == len(HARMFUL)
    assert len(held - harmful) <= 0.03 * (len(heard) - len(harmful)), held - harmful
    assert len(held & harmful) >= len(harmful) - 1, harmful - held


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("都是太阳黑子闹的，变暖跟人没关系", "annotate"),
        ("warming is just the sun, nothing to do with us", "annotate"),
        ("请问太阳黑子会造成全球变暖吗？", "publish"),
        ("is the sun causing the warming?", "publish"),
        ("有人说变暖是太阳造成的，这是错的，太阳活动几十年没增强", "publish"),
        ("加薇❤ 领内部资料 eco9900", "hold"),
    ],
)
def test_claim_asked_asserted_and_corrected(pipeline: Pipeline, text: str, action: str) -> None:
    [verdict] = evaluate([Row(text, "ok")], pipeline).verdicts
    assert (verdict.finding.action if verdict.finding else "publish") == action, verdict


def test_chatter_about_no_claim_is_seldom_called_misleading(pipeline: Pipeline) -> None:
    chatter = "football died when they invented the tickets"
    said = "glaciers are bigger than ever"
    assert pipeline.model is not None
    head = [seen.scores["misinformation"] for seen in pipeline.model.evidence([read(chatter), read(said)])]
    found = [verdict.evidence for verdict in evaluate([Row(chatter, "ok"), Row(said, "ok")], pipeline).verdicts]
    weighed = [seen.scores["misinformation"] for seen in found if seen]
    assert weighed[0] < head[0] / 2 and weighed[1] == pytest.approx(head[1], abs=0.03)
    assert all(seen and sum(seen.scores.values()) == pytest.approx(1, abs=0.005) for seen in found)


def test_claims_are_found_among_the_first_three(pipeline: Pipeline) -> None:
    said = [
        ("人家火山排的碳多得多", "m012"),
        ("solar never makes back the energy it took", "m047"),
        ("高温都怪厄尔尼诺", "m013"),
    ]
    verdicts = evaluate([Row(text, "misinformation") for text, _ in said], pipeline).verdicts
    for (_, claim), verdict in zip(said, verdicts, strict=True):
        assert verdict.evidence and claim in [match.claim for match in verdict.evidence.matches]


def test_file_rows_and_mistakes(models: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "labelled.jsonl", tmp_path / "rows.jsonl"
    file.write_bytes(
        b'{"text": "hello from Kenya", "label": "ok", "other": 1}\n\nnot json\n{"text": "x", "label": "bad"}\n'
        b'{"text": "\xe5\x8a\xa0\xe5\xbe\xae\xe4\xbf\xa1 abc123", "label": "spam", "lang": "zh"}\n'
        b'{"label": "ok"}\n\xff\xfe\n'
    )
    told: list[tuple[int, int]] = []
    result = evaluate_file(
        file, model="e5-small", data=models, rows_out=out, progress=lambda done, of: told.append((done, of))
    )
    assert json.loads(json.dumps(result)) == result
    assert result["rows"] == 2 and result["malformed"] == 4 and told == [(2, 2)]
    assert [mistake["line"] for mistake in result["mistakes"]] == [3, 4, 6, 7]  # type: ignore[index,union-attr]
    ok, spam = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert (ok["action"], ok["predicted"], ok["lang"]) == ("publish", "ok", "en")
    assert (spam["action"], spam["predicted"], spam["label"]) == ("hold", "promotion", "spam")
    assert (ok["text"], ok["label"], ok["other"]) == ("hello from Kenya", "ok", 1)
    assert all(claim["cards"] or claim["fallacy"] for claim in ok["claims"] + spam["claims"])
    assert spam["reasons"][0]["code"] == "contact" and len(spam["claims"]) == 3
    assert set(ok["scores"]) == {"ok", "misinformation", "promotion", "abuse"}
    shown = format_evaluation(result)
    assert "line 3:" in shown and "promotion" in shown and "abc123" not in shown
    assert "  all            publish 50.0%  hold 50.0%" in shown


def test_empty_file_has_no_figures(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_bytes(b"")
    result = evaluate_file(file, model="e5-small", data=models)
    assert result["rows"] == 0 and "0 comments" in format_evaluation(result)


def test_figures_by_hand() -> None:
    positive, raw = np.array([True, True, False, False]), np.array([0.9, 0.4, 0.4, 0.1])
    assert auc(positive, raw) == 0.875
    assert auc(np.array([True]), np.array([0.5])) is None
    assert recall_at_precision(positive, raw, 0.95) == 0.5
    whole = measure(["ok", "abuse"], [{"ok": 0.9, "misinformation": 0, "promotion": 0, "abuse": 0.1}] * 2)
    assert whole["labels"]["ok"]["precision"] == 0.5 and whole["labels"]["abuse"]["precision"] is None
    assert whole["confusion"]["abuse"]["ok"] == 1
