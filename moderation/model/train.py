"""Trains everything that we ship: adapter, head, claim vectors, and the figures that are in the card.

Run by us, not by a broadcast: `python -m moderation.model.train DATASETS --data DATA`; an hour on two cores, most of
it for the checks. A check leaves out whole authors of seeds: what it measures nobody could learn by heart, and how
much meaning and letters count is fitted on that. What is finished is kept in DATA, so a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
import torch

from moderation.model.checked import read_checks
from moderation.model.claim_words import fit_words
from moderation.model.claims import ClaimIndex, Forms, forms, save_vectors
from moderation.model.corpus import BANK, OTHERS, Row, Tasks, foreign_rows, seed_rows
from moderation.model.fit import LANGUAGES, MIX, calibrate, fit_head, fit_letters, named
from moderation.model.head import FloatArray, Head, IntArray, Weights, languages
from moderation.model.kept import ADAPTER, CLAIM_WORDS, CLAIMS, HEAD, SHIPPED
from moderation.model.lora import Adapter, load_adapter, save_adapter
from moderation.model.prepare import prepare
from moderation.model.seeds import LABELS
from moderation.model.tune import Sample, Settings, Tuner, reader
from moderation.model.vary import made, vary
from moderation.normalise import read

log = logging.getLogger(__name__)

Start = tuple[Adapter, dict[str, FloatArray]]
"""An adapter and the head that was tuned together with it."""

ABOUT = ("layers", "fixed", "prefix", "passes", "rank", "rate")
"""Settings that the adapter's file records."""

REREAD = 3
"""Where tuning goes on: one in so many of the seeds that were read before, in each pass, so that they stay known."""
OTHERS_AGAIN = 2
"""The same of other people's sentences, over all passes."""

CHECK_OTHERS = 3
"""A check sees one in so many of other people's sentences: it is there to be honest, and slow."""
JOINT = "joint.npz"
"""The head that was tuned together with the adapter; where the shipped one starts from."""

WHOLE = (
    "seeds_claims_zh.jsonl",
    "seeds_claims_en.jsonl",
    "seeds_promo.jsonl",
    "seeds_stance_zh.jsonl",
    "seeds_stance_en.jsonl",
    "seeds_spam.jsonl",
    "seeds_crowd_zh.jsonl",
    "seeds_crowd_en.jsonl",
    "seeds_hard_zh.jsonl",
    "seeds_hard_en.jsonl",
    "seeds_idle_zh.jsonl",
    "seeds_idle_en.jsonl",
    "seeds_video_en.jsonl",
    "seeds_chat_zh.jsonl",
    "seeds_implied_zh.jsonl",
    "seeds_posts_en.jsonl",
    "seeds_tube_ok_en.jsonl",
    "seeds_tube_spam_en.jsonl",
    "seeds_welcome.jsonl",
)
"""Authors that are left out as a whole, one in each part; the others' seeds are spread over the parts."""
PARTS = len(WHOLE)

UNREAD = "check-unread.npz"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("datasets", type=Path, help="folder of other people's labelled sentences")
    arguments.add_argument("--data", type=Path, default=Path("data"), help="keeps the encoder and what is finished")
    arguments.add_argument("--out", type=Path, default=SHIPPED, help="where the weights are written")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--only", choices=("unread", "checks", "adapter", "heads"), help="the rest was done before")
    arguments.add_argument("--minutes", type=float, help="the longest that tuning may take; else as long as it takes")
    arguments.add_argument("--parts", type=int, nargs="*", default=range(PARTS), help="checks to make, from 0 on")
    arguments.add_argument("--passes", type=int, default=Settings().passes, help="how often all seeds are read")
    arguments.add_argument("--rate", type=float, default=Settings().rate, help="the highest rate of learning")
    arguments.add_argument("--prefix", default=Settings().prefix, help="written before every text, in use as in tuning")
    arguments.add_argument("--go-on", action="store_true", help="from the adapter in --out instead of from nothing")
    arguments.add_argument("--reread", type=int, default=REREAD, help="of what it has read, one in so many a pass")
    arguments.add_argument("--others-again", type=int, default=OTHERS_AGAIN, help="of other people's, over all passes")
    given = arguments.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(given.threads)
    settings = Settings(passes=given.passes, rate=given.rate, prefix=given.prefix)
    training = Training(given.datasets, given.data, settings, given.minutes)
    training.reread, training.others_again = given.reread, given.others_again
    if given.go_on:
        training.go_on(given.out / ADAPTER, training.kept / JOINT)
    if given.only == "unread":
        training.check_unread(given.out)
    if given.only in (None, "checks"):
        training.check(given.parts)
    if given.only in (None, "adapter"):
        training.write_adapter(given.out)
    if given.only in (None, "heads"):
        training.write_heads(given.out)


class Training:
    """The rows, and the runs over them."""

    def __init__(self, datasets: Path, data: Path, settings: Settings, minutes: float | None = None) -> None:
        self.minutes = minutes
        self.settings = settings
        self.start: Start | None = None
        self.read_before: frozenset[str] = frozenset()
        self.reread, self.others_again = REREAD, OTHERS_AGAIN
        self.steps = 0
        self.models = data / "models"
        self.kept = data / "training"
        self.kept.mkdir(parents=True, exist_ok=True)
        self.base = prepare(self.models, log.info, adapter=None)
        self.seeds = seed_rows()
        self.others = foreign_rows(datasets, OTHERS)
        self.tasks = Tasks.of([*self.seeds, *self.others])

    def go_on(self, adapter: Path, head: Path) -> None:
        """Let tuning begin with this adapter and the head that was tuned together with it. Of files that it has read
        a part a pass is enough; those that it has not, other people's too, are read whole in every pass."""
        before = load_adapter(adapter)
        with np.load(head) as file:
            self.start = before, {key: file[key] for key in file.files}
        self.read_before = frozenset(before.about["rows"])

    # ── tuning ───────────────────────────────────────────────────────────────────────────────────

    def tune(self, seeds: Sequence[Row], others: Sequence[Row], settings: Settings) -> Tuner:
        tasks = self.tasks
        sizes = (len(LABELS), len(tasks.forms), len(tasks.fallacies))
        tuner = Tuner(self.base, settings, sizes, tasks.wordings())
        if self.start is not None:
            tuner.go_on_from(*self.start)

        known = [row for row in seeds if row.source in self.read_before]
        fresh = [row for row in seeds if row.source not in self.read_before]
        if self.start is not None:
            fresh += [row for row in others if row.source not in self.read_before]
            others = [row for row in others if row.source in self.read_before][:: self.others_again]

        def varied(number: int) -> list[Sample]:
            draw = random.Random(f"{settings.draw}-{number}")  # noqa: S311 (a draw, not a secret)
            again = known[number % self.reread :: self.reread]
            rows = [msgspec.structs.replace(tasks.sample(row), text=vary(row, draw)) for row in (*fresh, *again)]
            return [*rows, *(tasks.sample(row) for row in made(draw))]

        self.steps = tuner.fit(varied, [tasks.sample(row) for row in others], log.info, self.minutes)
        return tuner

    # ── checks: authors left out ─────────────────────────────────────────────────────────────────

    def check(self, which: Sequence[int] = range(PARTS)) -> None:
        """What a model says of seeds whose author it has not read. A part that is in DATA is not made again."""
        for part in which:
            path = self.kept / f"check-{part}.npz"
            if not path.exists():
                log.info("check %d of %d: the author of %s is left out", part + 1, PARTS, WHOLE[part])
                np.savez(path, allow_pickle=False, **self._check(part))

    def _check(self, part: int) -> dict[str, Any]:
        hidden = [i for i, row in enumerate(self.seeds) if part_of(row) == part]
        seen = [row for row in self.seeds if part_of(row) != part]
        tuner = self.tune(seen, self.others[::CHECK_OTHERS], self.settings)
        rows = [self.seeds[i] for i in hidden]
        learned = [*seen, *self.others]
        letters, bias = fit_letters([row.reading for row in learned], labels(learned), weights(learned))
        return _said_of(rows, tuner, tuner.tensors()["topic"], Head("", "", joint(tuner, letters, bias), {}))

    def check_unread(self, out: Path) -> None:
        """What the model that is there says of the authors who came since: to be made before they are read."""
        adapter = load_adapter(out / ADAPTER)
        rows = [row for row in self.seeds if row.source not in adapter.about["rows"]]
        log.info("%d seeds of %s", len(rows), ", ".join(sorted({row.source for row in rows})))
        tuned = reader(prepare(self.models, log.info, out / ADAPTER))
        found = _said_of(rows, tuned, adapter.topic, Head.load(out / HEAD))
        np.savez(self.kept / UNREAD, allow_pickle=False, **found)

    # ── what is shipped ──────────────────────────────────────────────────────────────────────────

    def write_adapter(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        settings = {key: getattr(self.settings, key) for key in ABOUT}
        tuner = self.tune(self.seeds, self.others, self.settings)
        if self.start is not None:
            settings["from"] = self.start[0].name
        about = {**settings, "steps": self.steps, "rows": dict(Counter(row.source for row in self.seeds + self.others))}
        save_adapter(out / ADAPTER, tuner.tensors(), about)
        np.savez(self.kept / JOINT, allow_pickle=False, **tuner.joint())

    def write_heads(self, out: Path) -> None:
        """Head and claim vectors for the adapter that is there."""
        with np.load(self.kept / JOINT) as file:
            found = {key: file[key] for key in file.files}
        folder = prepare(self.models, log.info, out / ADAPTER)
        encoder, read_by = folder.name, reader(folder)
        rows = [*self.seeds, *self.others]
        readings = [row.reading for row in rows]
        letters, bias = fit_letters(readings, labels(rows), weights(rows))
        mix = self._calibrated()
        start = Weights(found["label"], found["label_bias"], letters, bias, mix)
        vectors = read_by.encode([reading.plain for reading in readings])
        about: dict[str, Any] = {"rows": dict(Counter(row.source for row in rows))}
        learned = fit_head(
            encoder, vectors, (readings, labels(rows), weights(rows)), about, Head("", encoder, start, {})
        )
        final = msgspec.structs.replace(learned.weights, letters=letters, letters_bias=bias)
        Head(named(final), encoder, final, about).save(out / HEAD)
        texts = forms().texts
        fit_words(texts, forms().claims).save(out / CLAIM_WORDS)
        known = dict(zip((reading.plain for reading in readings), vectors, strict=True))
        rest = [text for text in texts if text not in known]
        known.update(zip(rest, read_by.encode(rest), strict=True))
        save_vectors(out / CLAIMS, forms().mark(encoder), np.stack([known[text] for text in texts]))
        log.info("written to %s: adapter %s", out, load_adapter(out / ADAPTER).name)

    def _calibrated(self) -> FloatArray:
        """From the checks that were made last, even if seeds were added since."""
        checked = read_checks(self.kept)
        label = np.array([LABELS.index(name) for name in checked["label"]])
        language = languages([read(text) for text in checked["text"].tolist()])
        nearer = checked["said"] - checked["asked"]
        return calibrate(checked["meaning"], checked["letters"], nearer, label, language)


def _said_of(rows: Sequence[Row], tuned: Tuner, topic: FloatArray, head: Head) -> dict[str, Any]:
    """What a model says of rows that neither it nor its index has read."""
    readings = [row.reading for row in rows]
    hidden = {reading.plain for reading in readings}
    whole = forms()
    kept = [i for i, text in enumerate(whole.texts) if text not in hidden]
    texts, claims, asserts = (tuple(field[i] for i in kept) for field in (whole.texts, whole.claims, whole.asserts))
    seen = Forms(texts, claims, asserts)  # type: ignore[arg-type]
    index = ClaimIndex(seen, tuned.encode(seen.texts), topic, fit_words(seen.texts, seen.claims))
    vectors = tuned.encode([reading.plain for reading in readings])
    matches = index.nearest(vectors, readings)
    return {
        **columns(rows),
        "meaning": head.meaning(vectors),
        "letters": head.letters(readings),
        "claims": np.array([[match.claim for match in found] for found in matches]),
        **{key: np.array([getattr(found[0], key) for found in matches]) for key in ("topic", "said", "asked")},
    }


def columns(rows: Sequence[Row]) -> dict[str, Any]:
    found = {key: np.array([getattr(row, key) for row in rows]) for key in ("label", "lang", "form", "claim", "source")}
    return {**found, "text": np.array([row.reading.plain for row in rows])}


def part_of(row: Row) -> int:
    """Which check leaves this seed out; -1 is the claim bank's own wording, which every model knows."""
    if row.source == BANK:
        return -1
    return WHOLE.index(row.source) if row.source in WHOLE else crc32(row.reading.plain.encode()) % PARTS


def labels(rows: Sequence[Row]) -> IntArray:
    return np.array([LABELS.index(row.label) for row in rows])


def weights(rows: Sequence[Row]) -> FloatArray:
    return np.array([row.weight for row in rows], dtype=np.float32)


def joint(tuner: Tuner, letters: FloatArray, bias: FloatArray) -> Weights:
    """The head that was tuned together with the encoder, with these letters."""
    found = tuner.joint()
    mix = np.tile(np.array(MIX, dtype=np.float32), (LANGUAGES, 1))
    return Weights(found["label"], found["label_bias"], letters, bias, mix)


if __name__ == "__main__":
    main()
