"""A low-rank adapter for the encoder: trained by `tune.py`, merged into the weights by `prepare.py`.

Only the products of two thin matrices are learned and shipped, beside each linear layer of the encoder; the
encoder's own weights stay as they were published. Merging needs numpy only; after it nothing is slower.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from moderation.model.unpack import WeightsMissing

FloatArray = NDArray[np.float32]

TOPIC = "topic"
"""Name of the projection in which comments about one claim lie together, whatever they say of it."""


class Adapter(msgspec.Struct, frozen=True):
    """`down` and `up` by the name of the linear layer that they are added to; `about` says what it was trained on."""

    name: str
    """Hash of the file: a prepared encoder is kept under it, and heads say which one they fit."""
    layers: int
    """Layers of the encoder that are kept, from the first on."""
    prefix: str
    """Written before every text."""
    down: Mapping[str, FloatArray]
    up: Mapping[str, FloatArray]
    topic: FloatArray
    """(384 + 1, dimensions): the projection for topics, its last row the bias."""
    about: Mapping[str, Any]
    """What it was trained on, as `save_adapter` was told."""

    def merged(self, name: str, weight: FloatArray) -> FloatArray:
        """The weight matrix of this layer with what was learned added to it."""
        if name not in self.up:
            return weight
        return weight + self.up[name] @ self.down[name]


def load_adapter(path: Path) -> Adapter:
    """Raises WeightsMissing when the file is not there or not whole."""
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads(file.metadata()["about"])
            tensors = {key: file.get_tensor(key).astype(np.float32) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise WeightsMissing(f"{path.name}: {error}") from error
    return Adapter(
        name=sha256(path.read_bytes()).hexdigest()[:8],
        layers=about["layers"],
        prefix=about["prefix"],
        down={key.removesuffix(".down"): value for key, value in tensors.items() if key.endswith(".down")},
        up={key.removesuffix(".up"): value for key, value in tensors.items() if key.endswith(".up")},
        topic=tensors[TOPIC],
        about=about,
    )


def save_adapter(path: Path, tensors: Mapping[str, FloatArray], about: Mapping[str, Any]) -> None:
    """Half precision."""
    halves = {key: np.ascontiguousarray(value.astype(np.float16)) for key, value in tensors.items()}
    save_file(halves, path, metadata={"about": json.dumps(about, sort_keys=True)})
