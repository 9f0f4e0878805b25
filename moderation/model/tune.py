"""Fine-tunes the encoder: a low-rank adapter, trained on several tasks at once. Called by `train.py` and the tests.

Tasks: the label of every row (ok, misinformation, promotion, abuse); what a seed does (assertion, question, debunk
...); the fallacy of a misleading sentence; and the topic: comments about one claim near its wording, others away.
Batches hold texts of like length; where the processor can, products are computed in bfloat16 (three times faster).
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from moderation.model.layers import Heads, adapt
from moderation.model.lora import TOPIC, Adapter
from moderation.model.prepare import PREFIX, prefix_of

FloatArray = NDArray[np.float32]
Progress = Callable[[str], None]

_SHARPNESS = 0.07
"""Temperature of the topic task."""


WARM_UP = 0.08
"""Of the run: the rates rise first."""

CLAIMS_EVERY = 80
"""Steps after which the wordings of the claims are read anew."""


class Sample(msgspec.Struct, frozen=True):
    """One row for all tasks; -1 where a task has nothing to learn from it."""

    text: str
    label: int
    weight: float = 1.0
    form: int = -1
    fallacy: int = -1
    claim: int = -1
    """Place of the claim; the number of claims where it is surely about none."""


class Settings(msgspec.Struct, frozen=True):
    """What was found to work; `about` in the file records them."""

    rank: int = 16
    layers: int = 12
    """Layers of the encoder that are kept."""
    fixed: int = 4
    """Of these the first so many get no adapter: what they know of languages serves as it is."""
    prefix: str = "query: "
    passes: int = 2
    """How often the seeds are seen; other people's sentences are spread over the passes and seen once."""
    rate: float = 8e-4
    head_rate: float = 2e-3
    topic: float = 0.5
    form: float = 0.3
    fallacy: float = 0.3
    longest: int = 48
    """Tokens of a text that are read."""
    batch_tokens: int = 320
    topics: int = 128
    smoothing: float = 0.05
    draw: int = 0


class Tuner:
    """One training run: an encoder with an adapter, heads, and the wordings of the claims."""

    def __init__(self, base: Path, settings: Settings, sizes: tuple[int, int, int], claims: Sequence[Sequence[str]]):
        from transformers import AutoModel, AutoTokenizer

        torch.manual_seed(settings.draw)
        self.settings = settings
        self.random = random.Random(settings.draw)  # noqa: S311 (a draw, not a secret)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(str(base))
        self.model: Any = AutoModel.from_pretrained(str(base), dtype=torch.float32, add_pooling_layer=False)
        self.model.encoder.layer = self.model.encoder.layer[: settings.layers]
        self.model.requires_grad_(False).eval()  # no dropout: on a processor it costs more than it brings here
        self._bf16 = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
        self.adapted = dict(adapt(self.model, settings.rank, settings.fixed))
        if self._bf16:
            for module in self.adapted.values():
                module.base.to(torch.bfloat16)
        self.heads = Heads(self.model.config.hidden_size, *sizes, settings.topics)
        self._claims = claims

    def go_on_from(self, adapter: Adapter, head: Mapping[str, FloatArray]) -> None:
        """Begin where an earlier run ended; the heads for forms and fallacies begin anew."""
        for name, module in self.adapted.items():
            module.down.data = torch.tensor(adapter.down[name])
            module.up.data = torch.tensor(adapter.up[name])
        heads = self.heads
        heads.topic.weight.data = torch.tensor(adapter.topic[:-1].T / heads.scale)
        heads.topic.bias.data = torch.tensor(adapter.topic[-1])
        heads.label.weight.data = torch.tensor(head["label"].T / heads.scale)
        heads.label.bias.data = torch.tensor(head["label_bias"])

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """Mean-pooled, of length 1; as `Encoder.encode`, but for fine-tuning."""
        tokens = self._tokenizer(
            [self.settings.prefix + text for text in texts],
            padding=True,
            truncation=True,
            max_length=self.settings.longest,
            return_tensors="pt",
        )
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bf16):
            hidden = self.model(**tokens).last_hidden_state.float()
        mask = tokens["attention_mask"].unsqueeze(-1)
        return functional.normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1), dim=-1)

    def fit(
        self,
        seeds: Callable[[int], Sequence[Sample]],
        others: Sequence[Sample],
        progress: Progress = print,
        minutes: float | None = None,
    ) -> int:
        """`seeds(i)` are the rows of pass i (disguised anew each time); `others` are spread over the passes.

        With `minutes` it ends by then on a busy machine, wherever it is; the rates fall towards that end. Returns the
        steps made."""
        settings, started = self.settings, time.monotonic()
        plan = [self._batches([*seeds(i), *others[i :: settings.passes]]) for i in range(settings.passes)]
        steps = sum(len(batches) for batches in plan)
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for m in self.adapted.values() for p in (m.down, m.up)], "lr": settings.rate},
                {"params": self.heads.parameters(), "lr": settings.head_rate},
            ],
            weight_decay=0.01,
        )
        rates = [group["lr"] for group in optimizer.param_groups]
        step, total = 0, 0.0
        for batch in (batch for batches in plan for batch in batches):
            gone = time.monotonic() - started
            done = max(step / steps, gone / (minutes * 60) if minutes else 0.0)
            if done >= 1:
                break
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * _share_of_rate(done)
            if step % CLAIMS_EVERY == 0:
                self._read_claims()
            optimizer.zero_grad()
            loss = self._loss(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_((p for group in optimizer.param_groups for p in group["params"]), 1.0)
            optimizer.step()
            step, total = step + 1, total + float(loss.detach())
            if step % 100 == 0 or step == steps:
                progress(f"step {step} of {steps}, loss {total / ((step - 1) % 100 + 1):.3f}, {gone:.0f} s")
                total = 0.0
        return step

    def _batches(self, samples: Sequence[Sample]) -> list[list[Sample]]:
        """Of like length and at most `batch_tokens`; in random order."""
        shuffled = self.random.sample(list(samples), len(samples))
        lengths = [min(len(ids), self.settings.longest) for ids in self._lengths([s.text for s in shuffled])]
        order = sorted(range(len(shuffled)), key=lambda i: lengths[i])
        batches: list[list[Sample]] = [[]]
        for i in order:
            if (len(batches[-1]) + 1) * lengths[i] > self.settings.batch_tokens:
                batches.append([])
            batches[-1].append(shuffled[i])
        self.random.shuffle(batches)
        return batches

    def _lengths(self, texts: list[str]) -> Any:
        return self._tokenizer([self.settings.prefix + text for text in texts])["input_ids"]

    def _loss(self, batch: Sequence[Sample]) -> Tensor:
        settings, heads = self.settings, self.heads
        vectors = self.vectors([sample.text for sample in batch])
        seen = heads.drop(vectors * heads.scale)
        weights = torch.tensor([sample.weight for sample in batch])
        column = {key: torch.tensor([getattr(s, key) for s in batch]) for key in ("label", "form", "fallacy", "claim")}
        smooth = settings.smoothing
        return (
            _cross(heads.label(seen), column["label"], weights, smooth)
            + settings.form * _cross(heads.form(seen), column["form"], weights, smooth)
            + settings.fallacy * _cross(heads.fallacy(seen), column["fallacy"], weights, smooth)
            + settings.topic * _cross(self._topics(vectors), column["claim"], weights, 0.0)
        )

    def _topics(self, vectors: Tensor) -> Tensor:
        """Of each claim, then of none."""
        near = self.heads.project(vectors) @ self.heads.project(self._wordings).T
        by_claim = torch.stack([near[:, place].amax(1) for place in self._places], dim=1)
        return torch.cat([by_claim, self.heads.none.expand(len(vectors), 1)], dim=1) / _SHARPNESS

    def _read_claims(self) -> None:
        """The wordings as the encoder sees them now; kept for some steps, and not learned from directly."""
        flat = [text for texts in self._claims for text in texts]
        ends = np.cumsum([len(texts) for texts in self._claims])
        self._places = [torch.arange(end - len(t), end) for end, t in zip(ends.tolist(), self._claims, strict=True)]
        self._wordings = torch.tensor(self.encode(flat))

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """One row per text, in their order; nothing is learned."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = np.zeros((len(texts), self.model.config.hidden_size), dtype=np.float32)
        with torch.inference_mode():
            for part in _parts(order, 64):
                found[part] = self.vectors([texts[i] for i in part]).numpy()
        return found

    def joint(self) -> dict[str, FloatArray]:
        """The head for the labels, on vectors of length 1."""
        head = self.heads.label
        return {
            "label": (head.weight.detach().T * self.heads.scale).numpy().copy(),
            "label_bias": head.bias.detach().numpy().copy(),
        }

    def tensors(self) -> dict[str, FloatArray]:
        """What the adapter file holds."""
        found = {}
        for name, module in self.adapted.items():
            found[f"{name}.down"] = module.down.detach().numpy()
            found[f"{name}.up"] = module.up.detach().numpy()
        weight, bias = self.heads.topic.weight.detach() * self.heads.scale, self.heads.topic.bias.detach()
        found[TOPIC] = torch.cat([weight.T, bias[None]]).numpy()
        return found


def reader(folder: Path) -> Tuner:
    """Reads with an encoder as it is, fast where the processor knows bfloat16; for many texts, not for verdicts."""
    told = prefix_of(folder)
    prefix = PREFIX if told is None else told
    return Tuner(folder, Settings(fixed=Settings().layers, prefix=prefix, longest=96), (2, 1, 1), [])


def _share_of_rate(done: float) -> float:
    """Up over the first tenth, then down along a cosine."""
    return done / WARM_UP if done < WARM_UP else 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _cross(raw: Tensor, target: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Weighted mean over the rows that have a target; zero if none has."""
    there = target >= 0
    if not there.any():
        return raw.sum() * 0.0
    each = functional.cross_entropy(raw[there], target[there], reduction="none", label_smoothing=smoothing)
    return (each * weights[there]).sum() / weights.sum()


def _parts(order: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(order), size):
        yield list(order[start : start + size])
