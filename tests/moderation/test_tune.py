"""Fine-tuning learns, and what was merged into the weights says the same as what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moderation.model.encoder import Encoder
from moderation.model.lora import load_adapter, save_adapter
from moderation.model.prepare import prepare
from moderation.model.quick import QuickEncoder
from moderation.model.tune import Sample, Settings, Tuner, reader

TOPICS = (
    ("the glaciers are growing again", "冰川又在变大了"),
    ("volcanoes emit more than people do", "火山排得比人多"),
)
ASKED = ("is it so that {}?", "who says that {}", "{}, true or not")
SAID = ("{}, believe me", "everybody knows {}", "{}. end of story")
SETTINGS = Settings(layers=3, fixed=1, rank=4, passes=6, rate=2e-3, topics=16, batch_tokens=160)


def _samples() -> list[Sample]:
    return [
        Sample(frame.format(text), int(frames is SAID), claim=claim, form=int(frames is SAID))
        for claim, texts in enumerate(TOPICS)
        for text in texts
        for frames in (ASKED, SAID)
        for frame in frames
    ]


@pytest.fixture(scope="module")
def base(models: Path) -> Path:
    return prepare(models / "models", adapter=None)


@pytest.fixture(scope="module")
def tuner(base: Path) -> Tuner:
    tuner = Tuner(base, SETTINGS, (2, 2, 1), TOPICS)
    tuner.fit(lambda _: _samples(), [], lambda _: None)
    return tuner


def test_what_is_said_is_told_from_what_is_asked(tuner: Tuner) -> None:
    """On wordings of the frames that it has not seen together with these topics."""
    found = tuner.joint()
    vectors = tuner.encode([frame.format("whales are fish") for frame in (*ASKED, *SAID)])
    said = (vectors @ found["label"] + found["label_bias"]).argmax(axis=1)
    assert said.tolist() == [0, 0, 0, 1, 1, 1]


def test_merged_weights_are_the_trained_ones(tuner: Tuner, base: Path, tmp_path: Path) -> None:
    file = tmp_path / "adapter.safetensors"
    save_adapter(file, tuner.tensors(), {"layers": SETTINGS.layers, "prefix": SETTINGS.prefix})
    folder = prepare(tmp_path, adapter=file)
    assert folder.name == f"e5-small-{load_adapter(file).name}"
    texts = [sample.text for sample in _samples()[::5]]
    merged, trained = Encoder(folder).encode(texts), tuner.encode(texts)
    assert (merged * trained).sum(axis=1).min() > 0.999
    frozen = Encoder(base).encode(texts)
    assert (merged * frozen).sum(axis=1).max() < 0.99


def test_comments_on_one_topic_lie_together(tuner: Tuner) -> None:
    topic = tuner.tensors()["topic"]
    raw = tuner.encode([text for texts in TOPICS for text in texts]) @ topic[:-1] + topic[-1]
    near = (raw / np.linalg.norm(raw, axis=1, keepdims=True)) @ (raw / np.linalg.norm(raw, axis=1, keepdims=True)).T
    assert min(near[0, 1], near[2, 3]) > max(near[:2, 2:].max(), 0)


def test_a_run_goes_on_from_an_adapter(tuner: Tuner, base: Path, tmp_path: Path) -> None:
    """What was learned is there before the first step, in half precision."""
    file = tmp_path / "adapter.safetensors"
    save_adapter(file, tuner.tensors(), {"layers": SETTINGS.layers, "prefix": SETTINGS.prefix, "rows": {"ours": 1}})
    adapter = load_adapter(file)
    assert adapter.about["rows"] == {"ours": 1}
    later = Tuner(base, SETTINGS, (2, 2, 1), TOPICS)
    texts = [sample.text for sample in _samples()[::5]]
    before = (later.encode(texts) * tuner.encode(texts)).sum(axis=1).min()
    later.go_on_from(adapter, tuner.joint())
    after = (later.encode(texts) * tuner.encode(texts)).sum(axis=1).min()
    assert before < 0.999 < after
    for key, value in tuner.joint().items():
        assert np.allclose(later.joint()[key], value, atol=1e-5)
    assert np.allclose(later.tensors()["topic"], adapter.topic, atol=1e-4)


def test_what_is_written_before_a_text_goes_with_the_adapter(tuner: Tuner, tmp_path: Path) -> None:
    file = tmp_path / "adapter.safetensors"
    save_adapter(file, tuner.tensors(), {"layers": SETTINGS.layers, "prefix": ""})
    folder = prepare(tmp_path, adapter=file)
    assert reader(folder).settings.prefix == Encoder(folder).prefix == QuickEncoder(folder).prefix == ""
    texts = [sample.text for sample in _samples()[::5]]
    assert (QuickEncoder(folder).encode(texts) * reader(folder).encode(texts)).sum(axis=1).min() > 0.98
