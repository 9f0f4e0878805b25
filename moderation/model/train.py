"""Trains the head and writes its weights, the claim vectors and the figures. Same input, same weights.

Run by us, not by a broadcast: `python -m moderation.model.train DATASETS --data DATA`; some minutes on one core.
The figures are of comments that the head had not seen: our seeds in five parts, four to learn and one to
judge, with all wordings of the part that is judged taken out of the claim index too.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from moderation.measure import measure
from moderation.model.claims import ClaimIndex, Forms, forms, save_vectors
from moderation.model.corpus import TRAIN, VALIDATE, Row, foreign_rows, seed_rows, wrapped_rows
from moderation.model.encoder import Encoder, FloatArray, resolve
from moderation.model.head import BUCKETS, WEIGHTS, Head, Weights, grams, inputs
from moderation.model.seeds import LABELS

log = logging.getLogger(__name__)

PARTS = 5
MEMBERS = 3
HIDDEN = 64
EPOCHS = 30
GRAM_EPOCHS = 12
RATE = 2e-3
GRAM_RATE = 2e-2

Indices = NDArray[np.int64]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("datasets", type=Path, help="folder of the labelled sentences")
    arguments.add_argument("--data", type=Path, default=Path("data"), help="where the prepared encoder is kept")
    arguments.add_argument("--model", default="e5-small", help="encoder: e5-small, a folder or a hub name")
    arguments.add_argument("--out", type=Path, default=WEIGHTS.parent, help="where the weights are written")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Training(given.datasets, given.data, given.model).write(given.out)


class Training:
    """Rows and their vectors, and the fits over them."""

    def __init__(self, datasets: Path, data: Path, model: str) -> None:
        self.encoder = Encoder(resolve(model, data, log.info))
        self._kept = data / f"training-{self.encoder.name}.npz"
        self.seeds = seed_rows()
        self.rows = self.seeds + wrapped_rows() + foreign_rows(datasets, TRAIN)
        self.validation = foreign_rows(datasets, VALIDATE)
        self.forms = forms()
        self._vectors = self._encode()
        parts = np.random.default_rng(3).permutation(len(self.seeds)) % PARTS
        self._part = np.array([parts[row.seed] if row.seed >= 0 else -1 for row in self.rows])

    def write(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        figures = self.figures()
        head = self.fit(np.arange(len(self.rows)), ())
        about: dict[str, object] = {"rows": dict(Counter(row.source for row in self.rows))}
        head.save(out / "head.safetensors", about)
        save_vectors(out / "claims.safetensors", self.forms.mark(self.encoder.name), self._of(self.forms.texts))
        (out / "figures.json").write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", "utf-8")

    # ── figures ──────────────────────────────────────────────────────────────────────────────────

    def figures(self) -> dict[str, Any]:
        """Of our seeds by cross-validation, and of foreign sentences that were set apart."""
        scored: list[dict[str, float]] = [{} for _ in self.seeds]
        foreign: list[dict[str, float]] = []
        for part in range(PARTS):
            hidden = np.flatnonzero(self._part[: len(self.seeds)] == part)
            head = self.fit(np.flatnonzero(self._part != part), (part,))
            judged = [self.seeds[i] for i in hidden]
            for place, scores in zip(hidden, self._score(head, judged, (part,)), strict=True):
                scored[place] = scores
            if part == 0:
                foreign = self._score(head, self.validation, (part,))
            log.info("part %d of %d measured", part + 1, PARTS)
        (self._kept.parent / "held-out-scores.json").write_text(json.dumps(scored), "utf-8")
        return {
            "seeds": _by_language(self.seeds, scored),
            "foreign": {
                source.file: _measured(
                    [(row, s) for row, s in zip(self.validation, foreign, strict=True) if row.source == source.file]
                )
                for source in VALIDATE
            },
        }

    def _score(self, head: Head, rows: list[Row], without: tuple[int, ...]) -> list[dict[str, float]]:
        vectors = self._of([row.reading.plain for row in rows])
        index, readings = self._index(without), [row.reading for row in rows]
        return head.score(readings, inputs(readings, vectors, index.nearest(vectors), index))

    # ── fitting ──────────────────────────────────────────────────────────────────────────────────

    def fit(self, seen: Indices, without: tuple[int, ...]) -> Head:
        """A head from these rows, with these parts of the seeds unknown to the claim index."""
        rows = [self.rows[i] for i in seen]
        labels = np.array([LABELS.index(row.label) for row in rows])
        weights = np.array([row.weight for row in rows], dtype=np.float32)
        seen_inputs = self._inputs(seen, without)
        mean, spread = seen_inputs.mean(axis=0), seen_inputs.std(axis=0) + 1e-4
        scaled = (seen_inputs - mean) / spread
        members = [_fit_network(scaled, labels, weights, draw) for draw in range(MEMBERS)]
        gram, gram_bias = _fit_grams([grams(row.reading) for row in rows], labels, weights)
        stacked = [np.stack([member[k] for member in members]) for k in range(4)]
        found = Weights(
            mean=mean,
            spread=spread,
            inner=stacked[0],
            inner_bias=stacked[1],
            outer=stacked[2],
            outer_bias=stacked[3],
            grams=gram,
            grams_bias=gram_bias,
        )
        name = f"head-{sha256(stacked[0].tobytes() + gram.tobytes()).hexdigest()[:8]}"
        return Head(name, self.encoder.name, found)

    def _inputs(self, seen: Indices, without: tuple[int, ...]) -> FloatArray:
        """Each seed's claim matches come from an index without the part that it is in: none matches itself."""
        parts: dict[int, FloatArray] = {}
        for which in np.unique(self._part[seen]).tolist():
            rows = [self.rows[i] for i in seen if self._part[i] == which]
            vectors = self._of([row.reading.plain for row in rows])
            index = self._index((*without, which))
            parts[which] = inputs([row.reading for row in rows], vectors, index.nearest(vectors), index)
        result = np.zeros((len(seen), next(iter(parts.values())).shape[1]), dtype=np.float32)
        for which, found in parts.items():
            result[self._part[seen] == which] = found
        return result

    def _index(self, without: tuple[int, ...]) -> ClaimIndex:
        hidden = {row.reading.plain for i, row in enumerate(self.seeds) if self._part[i] in without}
        kept = [i for i, text in enumerate(self.forms.texts) if text not in hidden]
        whole = self.forms
        part = Forms(
            tuple(whole.texts[i] for i in kept),
            tuple(whole.claims[i] for i in kept),
            tuple(whole.asserts[i] for i in kept),
        )
        return ClaimIndex(part, self._of(part.texts))

    # ── vectors ──────────────────────────────────────────────────────────────────────────────────

    def _encode(self) -> dict[str, FloatArray]:
        """Of every text, kept beside the model: encoding is nearly all of the time that training takes."""
        texts = {row.reading.plain for row in (*self.rows, *self.validation)} | set(self.forms.texts)
        known: dict[str, FloatArray] = {}
        if self._kept.exists():
            with np.load(self._kept) as kept:
                known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))
        new = sorted(texts - set(known))
        if new:
            log.info("encoding %d texts", len(new))
            known.update(zip(new, self.encoder.encode(new), strict=True))
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self._kept, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
        return known

    def _of(self, texts: list[str] | tuple[str, ...]) -> FloatArray:
        return np.stack([self._vectors[text] for text in texts])


def _fit_network(rows: FloatArray, labels: Indices, weights: FloatArray, draw: int) -> list[FloatArray]:
    torch.manual_seed(draw)
    x, y, w = torch.tensor(rows), torch.tensor(labels), torch.tensor(weights / weights.mean())
    inner, outer = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, len(LABELS))
    network = torch.nn.Sequential(
        torch.nn.Dropout(0.1), inner, torch.nn.GELU(approximate="tanh"), torch.nn.Dropout(0.4), outer
    )
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-2)
    steps = EPOCHS * -(-len(x) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.split(torch.randperm(len(x)), 128):
            _step(optimizer, network(x[batch]), y[batch], w[batch])
            schedule.step()
    tensors = (inner.weight.T, inner.bias, outer.weight.T, outer.bias)
    return [np.asarray(tensor.detach().numpy(), dtype=np.float32) for tensor in tensors]


def _fit_grams(found: list[Indices], labels: Indices, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    torch.manual_seed(0)
    table = torch.nn.EmbeddingBag(BUCKETS, len(LABELS), mode="sum")
    torch.nn.init.zeros_(table.weight)
    bias = torch.nn.Parameter(torch.zeros(len(LABELS)))
    optimizer = torch.optim.AdamW([table.weight, bias], GRAM_RATE, weight_decay=1e-2)
    y, w = torch.tensor(labels), torch.tensor(weights / weights.mean())
    for _ in range(GRAM_EPOCHS):
        for batch in torch.split(torch.randperm(len(found)), 256):
            part = [found[i] for i in batch.tolist()]
            flat = torch.tensor(np.concatenate(part))
            starts = torch.tensor(np.cumsum([0, *(len(buckets) for buckets in part[:-1])]))
            scale = torch.tensor(np.concatenate([np.full(len(b), len(b) ** -0.5, np.float32) for b in part]))
            _step(optimizer, table(flat, starts, per_sample_weights=scale) + bias, y[batch], w[batch])
    return table.weight.detach().numpy().copy(), bias.detach().numpy().copy()


def _step(optimizer: torch.optim.Optimizer, raw: torch.Tensor, y: torch.Tensor, w: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(raw, y, reduction="none", label_smoothing=0.05)
    (loss * w).mean().backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _by_language(rows: list[Row], scored: list[dict[str, float]]) -> dict[str, Any]:
    pairs = list(zip(rows, scored, strict=True))
    languages = {"all": pairs, **{lang: [p for p in pairs if p[0].lang == lang] for lang in ("zh", "en")}}
    return {lang: _measured(part) for lang, part in languages.items()}


def _measured(pairs: list[tuple[Row, dict[str, float]]]) -> dict[str, Any]:
    return measure([row.label for row, _ in pairs], [scores for _, scores in pairs])


if __name__ == "__main__":
    main()
