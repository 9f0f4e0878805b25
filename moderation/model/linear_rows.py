"""What the linear model learns from: our seeds, made advertisements, and labelled sentences of other people.

Called by `train_linear_stage` (the training command) and by nothing else. Third-party sentences stay outside the
repository; docs/moderation.md says whose they are and under which licence.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import msgspec

from moderation.model.disguise import adverts, disguised
from moderation.model.linear import HARMS, WEIGHTS, Example, Linear, train_linear
from moderation.model.seeds import Seed, seeds
from moderation.normalise import read

SEED_WEIGHT = 6.0
"""One of our seeds counts as many as so many foreign sentences: they are what broadcasts sound like."""

ADVERTS = 6000
"""Made advertisements of each language."""

ADVERT_WEIGHT = 0.6
DISGUISES_OF_A_SEED = 2


class Source(msgspec.Struct, frozen=True):
    """One file: which field says what. `sure`: harms that its label speaks of; `likely`: ones it surely seldom has."""

    file: str
    field: str
    harm: str
    weight: float
    likely: tuple[str, ...] = ()
    likely_weight: float = 0.3


SOURCES = (
    Source("cold_train.jsonl", "offensive", "abuse", 0.5, ("promotion", "misinformation"), 0.5),
    Source("flicc_train.jsonl", "", "misinformation", 1.0, ("promotion", "abuse")),
    Source("youtube_spam_4videos.jsonl", "spam", "promotion", 12.0, ("misinformation",)),
    Source("sms_spam.jsonl", "spam", "promotion", 0.5, ("misinformation",)),
)


def train_linear_stage(datasets: Path, out: Path = WEIGHTS) -> Linear:
    """Train on everything and write the weights; `datasets` is the folder of the foreign sentences."""
    rows = [*our_rows(seeds()), *foreign_rows(datasets, SOURCES)]
    linear = train_linear(rows)
    counts = Counter(row.label for row in rows)
    linear.save(out, {"rows": dict(sorted(counts.items())), "seeds": len(seeds())})
    return linear


def our_rows(given: Sequence[Seed], draw: int = 11) -> list[Example]:
    """Seeds as they are and, where they advertise or insult, disguised; and whole advertisements made anew."""
    random = Random(draw)  # noqa: S311 (a draw, not a secret)
    rows = [Example(read(seed.text), seed.label, SEED_WEIGHT) for seed in given]
    for seed in given:
        if seed.label in ("promotion", "abuse"):
            texts = (disguised(seed.text, random) for _ in range(DISGUISES_OF_A_SEED))
            rows += [Example(read(text), seed.label, SEED_WEIGHT / 3) for text in texts]
        elif random.random() < 0.15:  # so that a disguise alone is no advertisement
            rows.append(Example(read(disguised(seed.text, random)), seed.label, SEED_WEIGHT / 3))
    for lang in ("zh", "en"):
        made = adverts(lang, ADVERTS, random)
        rows += [Example(read(text), "promotion", ADVERT_WEIGHT) for _, text in made]
    return rows


def foreign_rows(folder: Path, sources: Iterable[Source]) -> list[Example]:
    """Each text once; a label speaks of its own harm, and weakly against those that such texts seldom have."""
    rows: dict[str, list[Example]] = {}
    for source in sources:
        for text, harmful in _labelled(folder / source.file, source.field):
            reading = read(text)
            if not reading.plain:
                continue
            rows[reading.plain] = [
                Example(reading, source.harm if harmful else "ok", source.weight, (source.harm,)),
                Example(reading, "ok", source.weight * source.likely_weight, source.likely),
            ]
    return [row for pair in rows.values() for row in pair]


def _labelled(path: Path, field: str) -> Iterator[tuple[str, bool]]:
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row["text"], not field or bool(row[field])


if __name__ == "__main__":
    trained = train_linear_stage(Path(sys.argv[1]))
    sys.stdout.write(f"{trained.name}: {', '.join(HARMS)}\n")
