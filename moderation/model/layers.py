"""What is trained: thin matrices beside the frozen layers of an encoder, and the heads of the tasks.

Called by `tune.py`; what is learned here leaves it as an adapter (`lora.py`) and as a head (`fit.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_LINEAR = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
"""The linear layers of one block that get an adapter."""


class LowRank(nn.Module):
    """A frozen linear layer with a trained product of two thin matrices beside it."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + (x @ self.down.T) @ self.up.T  # type: ignore[no-any-return]


class Heads(nn.Module):
    """What reads the tasks' answers from the sentence vector."""

    def __init__(self, size: int, labels: int, forms: int, fallacies: int, topics: int) -> None:
        super().__init__()
        self.scale = size**0.5
        self.drop = nn.Dropout(0.1)
        self.label = nn.Linear(size, labels)
        self.form = nn.Linear(size, forms)
        self.fallacy = nn.Linear(size, fallacies)
        self.topic = nn.Linear(size, topics)
        self.none = nn.Parameter(torch.tensor(0.3))
        """Nearness above which a comment is about a claim rather than about none."""

    def project(self, vectors: Tensor) -> Tensor:
        return functional.normalize(self.topic(vectors * self.scale), dim=-1)


def adapt(model: Any, rank: int, fixed: int) -> Iterator[tuple[str, LowRank]]:
    for number, layer in enumerate(model.encoder.layer):
        if number < fixed:
            continue
        for name in _LINEAR:
            parent, _, last = name.rpartition(".")
            place = layer.get_submodule(parent)
            module = LowRank(getattr(place, last), rank)
            setattr(place, last, module)
            yield f"encoder.layer.{number}.{name}", module
