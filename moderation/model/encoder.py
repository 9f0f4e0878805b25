"""Text -> vectors, with any encoder that `transformers` can load.

Called by the worker, the evaluation and the training, off the event loop: `encode` blocks for some 15 ms
a comment. `resolve` turns the model setting into what `Encoder` takes; `on_gpu` looks for a GPU. Imports
torch, so nothing that only shows claims may import this module.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.model.kept import ADAPTER, in_force
from moderation.model.prepare import NAME, PREFIX, prefix_of, prepare

log = logging.getLogger(__name__)

FloatArray = NDArray[np.float32]

BATCH = {"cpu": 32, "cuda": 256}
"""Texts encoded together; longer lists are cut into batches of like length."""

LONGEST_TOKENS = 160
"""A comment of 200 characters has at most about 150 tokens; the rest of longer texts is not read."""

THREADS = 1
"""The worker shares the machine with the hubs; more threads help one comment little and them not at all."""


PROCESSOR = "cpu"

_DEVICES = ("nvidia[0-9]*", "kfd", "dxg")
"""How Linux names GPUs that torch may know: NVIDIA's, AMD's, those lent by Windows."""


class ModelUnusable(Exception):
    """The encoder named by the setting cannot be loaded; the message says why."""


def resolve(model: str, data: Path, progress: Callable[[str], None] | None = None) -> Path | str:
    """What to load: the prepared folder for "e5-small", else the folder or hub name as it is.

    Raises `unpack.WeightsMissing` or OSError when the default cannot be prepared."""
    models = data / "models"
    return prepare(models, progress, in_force(models, ADAPTER)) if model == NAME else model


def accelerator(devices: Path = Path("/dev")) -> str:
    """What torch calls the GPU of this machine; "cpu" where there is none that it can use.

    Torch takes seconds to load, so it is asked only where the system has such a device."""
    if not any(True for name in _DEVICES for _ in devices.glob(name)):
        return PROCESSOR
    import torch

    return "cuda" if torch.cuda.is_available() else PROCESSOR


def on_gpu(source: Path | str) -> Encoder | None:
    """This encoder on the machine's GPU; None where there is none, or it cannot be used (no memory left, say)."""
    device = accelerator()
    if device == PROCESSOR:
        return None
    try:
        return Encoder(source, device=device)
    except ModelUnusable as error:
        log.warning("the GPU cannot be used, the processor encodes: %s", error)
        return None


class Encoder:
    """Mean-pooled, normalised sentence vectors. Deterministic; not for use by two threads at once."""

    def __init__(self, source: Path | str, *, threads: int = THREADS, device: str = PROCESSOR) -> None:
        """`device`: as torch names it; see `accelerator`."""
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as loading

        loading.disable_progress_bar()
        loading.set_verbosity_error()
        torch.set_num_threads(threads)
        self._torch = torch
        self.device = device
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(str(source))
            self._model: Any = AutoModel.from_pretrained(str(source), dtype=torch.float32).eval().to(device)
        except Exception as error:
            raise ModelUnusable(f"{source}: {type(error).__name__}: {str(error)[:300]}") from error
        self.name = Path(source).name
        """Last part of the folder or hub name: which heads fit (`Head.load`) and what verdicts record."""
        told = prefix_of(Path(source))
        self.prefix = told if told is not None else PREFIX if "e5" in self.name.lower() else ""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """One row of length 1 per text, in their order."""
        rows: list[FloatArray | None] = [None] * len(texts)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        size = BATCH[self.device]
        for start in range(0, len(order), size):
            part = order[start : start + size]
            for place, row in zip(part, self._encode_batch([texts[i] for i in part]), strict=True):
                rows[place] = row
        found = [row for row in rows if row is not None]
        return np.stack(found) if found else np.zeros((0, self.size), dtype=np.float32)

    @property
    def size(self) -> int:
        return int(self._model.config.hidden_size)

    def _encode_batch(self, texts: list[str]) -> FloatArray:
        torch = self._torch
        tokens = self._tokenizer(
            [self.prefix + text for text in texts],
            padding=True,
            truncation=True,
            max_length=LONGEST_TOKENS,
            return_tensors="pt",
        ).to(self.device)
        with torch.inference_mode():
            hidden = self._model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
            vectors = torch.nn.functional.normalize(pooled, dim=-1)
        return np.asarray(vectors.cpu().numpy(), dtype=np.float32)
