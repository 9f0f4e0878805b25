"""The encoder in 8 bits says what the whole one says, alone or among others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from moderation.model import encoder as encoder_
from moderation.model.encoder import BATCH, PROCESSOR, Encoder, ModelUnusable, accelerator
from moderation.model.quantize import GRAPH, quantize
from moderation.model.quick import QuickEncoder, load_encoder

TEXTS = [
    "珊瑚为什么会白化？",
    "warming is just the sun, nothing to do with us",
    "加微信领优惠",
    "哈哈",
    "a rather long sentence about turtles, seagrass and the people who count both of them every single spring " * 2,
]


@pytest.fixture(scope="module")
def quick(encoder_dir: Path) -> QuickEncoder:
    return QuickEncoder(encoder_dir)


def test_vectors_are_those_of_the_whole_encoder(quick: QuickEncoder, encoder_dir: Path) -> None:
    ours, whole = quick.encode(TEXTS), Encoder(encoder_dir).encode(TEXTS)
    assert ours.shape == whole.shape == (len(TEXTS), quick.size)
    assert ((ours * whole).sum(axis=1) > 0.995).all()
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours(quick: QuickEncoder) -> None:
    alone = np.vstack([quick.encode([text]) for text in TEXTS])
    assert np.allclose(quick.encode(TEXTS), alone, atol=1e-5)
    assert np.allclose(quick.encode(TEXTS[::-1])[::-1], alone, atol=1e-5)


def test_nothing_and_nothing_visible(quick: QuickEncoder) -> None:
    assert quick.encode([]).shape == (0, quick.size)
    assert np.isfinite(quick.encode(["", " "])).all()


def test_the_graph_is_made_once_and_a_broken_one_is_named(encoder_dir: Path, tmp_path: Path) -> None:
    made = quantize(encoder_dir)
    assert quantize(encoder_dir).stat().st_mtime_ns == made.stat().st_mtime_ns
    broken = tmp_path / "e5-small"
    broken.mkdir()
    for name in ("config.json", "tokenizer.json", "streamhub-model.json"):
        (broken / name).write_bytes((encoder_dir / name).read_bytes())
    (broken / GRAPH).write_bytes(b"no graph")
    with pytest.raises(ModelUnusable, match="e5-small"):
        QuickEncoder(broken)


def test_a_gpu_is_looked_for_where_the_system_has_one(tmp_path: Path) -> None:
    assert accelerator(tmp_path) == PROCESSOR
    (tmp_path / "nvidia0").touch()
    found = accelerator(tmp_path)
    assert found == ("cuda" if torch.cuda.is_available() else PROCESSOR) and found in BATCH


def test_a_gpu_that_cannot_be_used_costs_no_verdict(
    models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A driver that does not fit, no memory left: "no-gpu" stands for it, and torch itself refuses."""
    monkeypatch.setattr(encoder_, "accelerator", lambda: "no-gpu")
    encoder = load_encoder("e5-small", models)
    assert isinstance(encoder, QuickEncoder)
    assert "the GPU cannot be used" in caplog.text
