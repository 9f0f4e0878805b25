"""What people decided is learned; what would make it worse is not put in force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from moderation.model.head import Head
from moderation.model.kept import HEAD, SHIPPED, trained
from moderation.model.retrain import Card, TooFew, format_card, retrain
from moderation.pipeline import load_model
from web.cli import streamhub

CLUB = ("the flamingo club meets on {}", "flamingo club, {}, be there", "see you {} at flamingo", "flamingo {} evening")
TALK = ("we planted trees on {}", "the river was clean {}", "see you {} at the lake", "my school counts birds {}")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def _write(path: Path, club: str, talk: str) -> Path:
    rows = [{"text": t.format(day), "label": club} for t in CLUB for day in DAYS]
    rows += [{"text": t.format(day), "label": talk} for t in TALK for day in DAYS]
    path.write_text("\n".join(map(json.dumps, rows)) + "\nnot json\n", "utf-8")
    return path


@pytest.fixture
def data(models: Path, tmp_path: Path) -> Path:
    """A data folder of its own, with the prepared encoder of the session."""
    (tmp_path / "models").mkdir()
    for folder in (models / "models").iterdir():
        (tmp_path / "models" / folder.name).symlink_to(folder)
    return tmp_path


def test_what_people_decided_is_learned(data: Path) -> None:
    rows = _write(data / "rows.jsonl", "promotion", "ok")
    card = retrain([rows], model="e5-small", data=data, replayed=60)
    assert card.better and card.written and [mistake.line for mistake in card.mistakes] == [49]
    assert card.after["macro_f1"] > card.before["macro_f1"] and card.after["macro_f1"] > 0.9
    assert card.rows == {"promotion": 24, "ok": 24}
    model = load_model("e5-small", data)
    assert model.head.name == card.head and model.head.about["files"] == ["rows.jsonl"]
    assert "promotion" in format_card(card) and "monday" not in format_card(card)


def test_a_worse_head_is_refused_unless_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Praise called abuse and abuse called harmless: the seeds are forgotten."""
    rows = data / "wrong.jsonl"
    wrong = [
        *({"text": f"thank you, {what} was lovely", "label": "abuse"} for what in (*DAYS, "it", "that", "this", "all")),
        *({"text": f"you are {what}, shut up", "label": "ok"} for what in ("an idiot", "a fool", "trash", "a moron")),
        *({"text": f"shut up {what}", "label": "misinformation"} for what in (*DAYS, "you", "all")),
    ]
    rows.write_text("\n".join(map(json.dumps, wrong)), "utf-8")
    monkeypatch.setattr(Card, "better", property(lambda _: False))
    before = load_model("e5-small", data).head.name
    card = retrain([rows], model="e5-small", data=data, replayed=60)
    assert not card.written and load_model("e5-small", data).head.name == before
    forced = retrain([rows], model="e5-small", data=data, replayed=60, force=True)
    assert forced.written and load_model("e5-small", data).head.name == forced.head != before


def test_better_is_no_worse_on_rows_and_not_forgetful() -> None:
    def card(before: float, after: float, seeds: float) -> Card:
        return Card("", "", {}, (), {"macro_f1": before}, {"macro_f1": after}, 0.9, seeds, "")

    assert card(0.6, 0.7, 0.9).better and card(0.6, 0.6, 0.895).better
    assert not card(0.7, 0.6, 0.95).better
    assert not card(0.6, 0.9, 0.85).better


def test_too_few_rows_teach_nothing(data: Path) -> None:
    rows = data / "few.jsonl"
    rows.write_text('{"text": "hello", "label": "ok"}\n', "utf-8")
    with pytest.raises(TooFew, match="1 rows"):
        retrain([rows], model="e5-small", data=data)
    result = CliRunner().invoke(streamhub, ["moderation", "train", "--rows", str(rows), "--data", str(data)])
    assert result.exit_code == 1 and "nothing was learned: 1 rows" in result.output
    assert not trained(data / "models").exists()


def test_the_shipped_head_says_what_it_was_trained_on() -> None:
    about = Head.load(SHIPPED / HEAD).about
    assert about["rows"]["seeds.jsonl"] > 1000 and about["encoder"].startswith("e5-small-")
