"""The encoder out of the wheel: whole, put in place at once, made once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from moderation.model.encoder import Encoder, ModelUnusable, resolve
from moderation.model.kept import ADAPTER, SHIPPED
from moderation.model.lora import load_adapter
from moderation.model.prepare import prepare
from moderation.model.unpack import Weights, WeightsMissing
from moderation.pipeline import Model, load_model


def test_prepared_once_and_never_half(encoder_dir: Path) -> None:
    folder = encoder_dir.parent
    before = (encoder_dir / "model.safetensors").stat().st_mtime_ns
    told: list[str] = []
    assert prepare(folder, told.append) == encoder_dir and not told
    assert (encoder_dir / "model.safetensors").stat().st_mtime_ns == before
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_another_layout_is_made_anew_by_whoever_comes_first(tmp_path: Path) -> None:
    name = f"e5-small-{load_adapter(SHIPPED / ADAPTER).name}"
    stale = tmp_path / name
    stale.mkdir()
    (stale / "streamhub-model.json").write_text('{"layout": 0}', "utf-8")
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(prepare, [tmp_path, tmp_path])) == [stale, stale]
    assert (stale / "model.safetensors").stat().st_size > 100_000_000
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_missing_adapter_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"adapter\.safetensors"):
        prepare(tmp_path, adapter=tmp_path / "adapter.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_damaged_weights_are_said_to_be_so(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(b"E5S1" + bytes(200))
    with pytest.raises(WeightsMissing, match=r"damaged.bin"):
        Weights(damaged)


def test_meaning_crosses_languages(model: Model) -> None:
    zh, en, other = model.encoder.encode(
        ["火山排放的二氧化碳比人类多", "volcanoes emit more CO2 than people", "太美了,谢谢主播"]
    )
    assert np.isclose(np.linalg.norm(zh), 1.0, atol=1e-5)
    assert zh @ en > max(zh @ other, en @ other) + 0.03


def test_order_and_batching_change_nothing(model: Model) -> None:
    texts = [f"{'long ' * (i % 7)}sentence number {i}" for i in range(70)]
    together = model.encoder.encode(texts)
    alone = np.vstack([model.encoder.encode([text]) for text in texts[::23]])
    assert np.allclose(together[::23], alone, atol=1e-5)
    assert model.encoder.encode([]).shape == (0, 384)


def test_any_folder_can_be_named(encoder_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "my-encoder"
    other.mkdir()
    for file in encoder_dir.iterdir():
        (other / file.name).symlink_to(file)
    mark = json.loads((encoder_dir / "streamhub-model.json").read_text("utf-8"))
    assert mark["prefix"] == load_adapter(SHIPPED / ADAPTER).prefix
    (other / "streamhub-model.json").unlink()
    (other / "streamhub-model.json").write_text(json.dumps({**mark, "prefix": "query: "}), "utf-8")
    assert resolve(str(other), tmp_path) == str(other)
    loaded = Encoder(str(other))
    assert loaded.name == "my-encoder" and loaded.prefix == "query: "


def test_unusable_model_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="nothing-here"):
        load_model(str(tmp_path / "nothing-here"), tmp_path)
