"""The prepared encoder with 8-bit weights in ONNX Runtime: same interface as `encoder.Encoder`, without torch.

Called by `pipeline.load_model`. Used for the encoder that StreamHub prepares itself; any other that the setting
names is loaded by `encoder.Encoder`. Texts are encoded in small batches of like length, so little is padding.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.model.encoder import LONGEST_TOKENS, Encoder, ModelUnusable, on_gpu, resolve
from moderation.model.prepare import NAME
from moderation.model.quantize import quantize

FloatArray = NDArray[np.float32]

TOKENS = 192
"""Tokens of one batch. More are no faster: what lies between two products then no longer fits the processor's cache."""

SPREAD = 224
"""The same with as many as its longest text has for each: where tokens look at each other there is padding."""

_UNSEEN = -1e4
"""Added where a text has no more tokens: its share in what others see is 0."""


class QuickEncoder:
    """Mean-pooled, normalised sentence vectors. Deterministic, a text's vector does not depend on its neighbours;
    not for use by two threads at once."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(quantize(folder)), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self.size = int(json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"])
        except Exception as error:
            raise ModelUnusable(f"{folder.name}: {type(error).__name__}: {str(error)[:300]}") from error
        self._tokenizer.enable_truncation(LONGEST_TOKENS)
        self.name = folder.name
        self.prefix = _prefix(folder)

    def tokens(self, texts: Sequence[str]) -> int:
        """How many the texts have together, prefix and ends included."""
        return sum(len(found.ids) for found in self._tokenizer.encode_batch([self.prefix + text for text in texts]))

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """One row of length 1 per text, in their order."""
        result = np.zeros((len(texts), self.size), dtype=np.float32)
        if not texts:
            return result
        ids = [found.ids for found in self._tokenizer.encode_batch([self.prefix + text for text in texts])]
        for places in _batches([len(row) for row in ids]):
            result[places] = self._encode([ids[place] for place in places])
        return result

    def _encode(self, rows: Sequence[Sequence[int]]) -> FloatArray:
        lengths = np.array([len(row) for row in rows])
        starts = np.cumsum(lengths) - lengths
        column = np.arange(lengths.max())
        real = column < lengths[:, None]
        seen = np.where(real, np.float32(0), np.float32(_UNSEEN))[:, None, None, :]
        given = {
            "ids": np.concatenate(rows),
            "places": np.broadcast_to(column, real.shape)[real],
            "spread": np.where(real, starts[:, None] + column, 0),
            "back": np.flatnonzero(real),
        }
        told = {name: values.astype(np.int32) for name, values in given.items()}
        hidden = self._session.run(None, {**told, "mask": seen.repeat(len(column), axis=2)})[0]
        pooled = np.add.reduceat(hidden, starts, axis=0)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)


AnyEncoder = QuickEncoder | Encoder


def load_encoder(model: str, data: Path, progress: Callable[[str], None] | None = None) -> AnyEncoder:
    """On a GPU where there is one; else ours with 8-bit weights, any other as it is.

    Raises ModelUnusable, `unpack.WeightsMissing`, OSError."""
    found = resolve(model, data, progress)
    folder = Path(found)
    if encoder := on_gpu(found):
        return encoder
    if model == NAME or (folder / "streamhub-model.json").exists():
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        return QuickEncoder(folder)
    return Encoder(found)


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places of texts of like length, shortest first."""
    batches: list[list[int]] = []
    tokens = 0
    for place in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        tokens += lengths[place]
        if batches and tokens <= TOKENS and (len(batches[-1]) + 1) * lengths[place] <= SPREAD:
            batches[-1].append(place)
        else:
            batches.append([place])
            tokens = lengths[place]
    return batches


def _prefix(folder: Path) -> str:
    """What was written before every text when it was trained."""
    told = json.loads((folder / "streamhub-model.json").read_text("utf-8"))
    return str(told.get("prefix", "query: "))
