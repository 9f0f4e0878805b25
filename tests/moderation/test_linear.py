"""The linear model: what it sees is stable, what it says depends on no neighbour, and it can be trained again."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.model.disguise import LONGEST, adverts, disguised
from moderation.model.linear import HARMS, Example, Linear, LinearMissing, features, train_linear
from moderation.normalise import read

LINEAR = Linear.load()


def score(text: str, harm: str) -> float:
    return float(LINEAR.score([read(text)])[0][HARMS.index(harm)])


@pytest.mark.parametrize(
    ("bad", "good", "harm"),
    [
        ("出售飞机老号 长期稳定 @fastcash88", "老师，飞机的碳排放怎么算", "promotion"),
        ("u商高价收u 秒结 走公群", "优质的树苗怎么收", "promotion"),
        ("check out my new channel and subscribe please", "this channel is my favourite", "promotion"),
        ("你们这群没脑子的东西滚远点", "这个方案没有考虑农村", "abuse"),
    ],
)
def test_what_harms_scores_above_its_harmless_neighbour(bad: str, good: str, harm: str) -> None:
    assert score(bad, harm) > score(good, harm) + 0.2


def test_a_disguise_changes_little() -> None:
    plain = score("手机兼职日结300 加微信 abc123", "promotion")
    hidden = score("手\u200b机蒹职 曰结３００ 力口薇❤ abc①②③", "promotion")
    assert plain > 0.5 and hidden > 0.5


@given(st.lists(st.text(max_size=250), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_text_changes_the_score_of_another(texts: list[str]) -> None:
    together = LINEAR.score([read(text) for text in texts])
    alone = np.vstack([LINEAR.score([read(text)]) for text in texts])
    assert np.allclose(together, alone, atol=1e-6) and ((together >= 0) & (together <= 1)).all()


def test_nothing_to_score() -> None:
    assert LINEAR.score([]).shape == (0, 3)
    assert np.isfinite(LINEAR.score([read("")])).all()


def test_features_are_the_same_in_every_run() -> None:
    rows, buckets, values = features([read("加微信 reef 2026"), read("ok")])
    assert (len(rows), int(buckets.sum()), round(float(values.sum()), 3)) == FEATURES


FEATURES = (103, 12836722, 106.899)


def test_training_learns_and_weights_survive_the_file(tmp_path: Path) -> None:
    draw = Random(1)
    sold = [Example(read(text), "promotion") for _, text in adverts("zh", 60, draw)]
    said = [Example(read(f"这条鱼真好看，{word}"), "ok") for word in "红橙黄绿青蓝紫黑白灰" * 6]
    trained = train_linear([*sold, *said])
    assert trained.name == train_linear([*sold, *said]).name
    trained.save(tmp_path / "linear.safetensors", {"rows": 120})
    again = Linear.load(tmp_path / "linear.safetensors")
    texts = [read(text) for _, text in adverts("zh", 20, Random(2))]
    assert np.allclose(trained.score(texts), again.score(texts), atol=0.01)
    assert again.score(texts)[:, 1].mean() > 0.6 > 0.4 > again.score([read("这条鱼真好看")])[0, 1]


def test_broken_or_missing_weights_are_named(tmp_path: Path) -> None:
    (tmp_path / "linear.safetensors").write_bytes(b"no weights")
    with pytest.raises(LinearMissing, match=r"linear\.safetensors"):
        Linear.load(tmp_path / "linear.safetensors")
    with pytest.raises(LinearMissing, match=r"none\.safetensors"):
        Linear.load(tmp_path / "none.safetensors")


@given(st.text(max_size=200), st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_any_text_can_be_disguised(text: str, draw: int) -> None:
    assert len(disguised(text, Random(draw))) <= LONGEST


def test_made_advertisements_are_the_same_for_the_same_draw() -> None:
    for lang in ("zh", "en"):
        assert list(adverts(lang, 30, Random(4))) == list(adverts(lang, 30, Random(4)))
        assert all(text and "{" not in text for _, text in adverts(lang, 300, Random(5)))
