"""How fast the moderation is on this machine, stage by stage: what `streamhub bench moderation` measures.

One thread. The texts are our own seeds in the proportions of a lively broadcast; nothing is sent anywhere.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from web.demo.load import script

if TYPE_CHECKING:
    from moderation.pipeline import Pipeline

ROUNDS = 5
LIVE_RATE = 50.0
"""Comments a second of the latency measurement."""

_CHEERS = (
    "加油！",
    "666",
    "哈哈哈哈",
    "hhhhh",
    "wow",
    "太美了",
    "来了来了",
    "前排",
    "👏👏👏",
    "好可爱",
    "love this",
    "❤️",
)
_SHARE = {"cheer": 0.35, "ok": 0.5, "misinformation": 0.06, "promotion": 0.05, "abuse": 0.04}

_COLD = """
import json, sys, time
started = time.perf_counter()
from pathlib import Path
from moderation.judge import Heard
from moderation.normalise import read
from moderation.pipeline import Pipeline, load_model
from moderation.policy import load_policy
pipeline = Pipeline(load_model(sys.argv[1], Path(sys.argv[2])), load_policy())
pipeline.judge([Heard(read("the first words of the evening, to be looked at by every stage"))], thorough=True)
seconds = time.perf_counter() - started
long = "a longer sentence about the reef and its fish " * 4
pipeline.judge([Heard(read(f"{i} {long}")) for i in range(64)], thorough=True)
[resident] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")]
print(json.dumps({"seconds": seconds, "mb": int(resident) / 1024}))
"""


class Speed(msgspec.Struct):
    """Comments a second, medians of some rounds, unless the name says otherwise."""

    rules: float
    linear: float
    encoder: float
    encoder_tokens: float
    cascade: float
    asked: float
    """Share of the mix that the encoder was asked about."""
    evening: float
    """The cascade on the demonstration broadcast, in its order; it is no seed."""
    asked_evening: float
    p50_ms: float
    p95_ms: float
    cold_start_seconds: float
    memory_mb: float


def measure(model: str, data: Path, seconds: float, say: Callable[[str], None]) -> Speed:
    """Prepares the model first, which does not count."""
    from moderation.judge import Heard, judge_by_rules
    from moderation.model.quick import QuickEncoder
    from moderation.model.seeds import seeds
    from moderation.normalise import read
    from moderation.pipeline import Pipeline, load_model
    from moderation.policy import load_policy

    found = load_model(model, data, say)
    policy = load_policy()
    pipeline = Pipeline(found, policy)
    mixed = mix(1600)
    texts = [seed.text for seed in seeds() if 8 <= len(seed.text) <= 60][:600]
    say("rules")
    rules = _rate(lambda: [judge_by_rules(Heard(read(text)), policy) for text in mixed], len(mixed))
    readings = [read(text) for text in texts]
    say("linear model")
    linear = pipeline.linear
    letters = _rate(lambda: linear.score(readings[:256]), 256) if linear else 0.0
    say("encoder")
    plain = [reading.plain for reading in readings[:256]]
    encoder = _rate(lambda: found.encoder.encode(plain), len(plain))
    say("cascade")

    def fresh() -> Pipeline:  # nothing remembered
        return Pipeline(load_model(model, data), policy)

    cascade, asked = _cascade([mix(640, number) for number in range(ROUNDS)], fresh)
    evening, asked_evening = _cascade([[line.text for line in script()]] * ROUNDS, fresh)
    say(f"{LIVE_RATE:.0f} comments a second for {seconds:.0f} s")
    waits = _live(pipeline, mix(int(LIVE_RATE * seconds), 99))
    say("cold start")
    cold = _cold(model, data)
    return Speed(
        rules=rules,
        linear=letters,
        encoder=encoder,
        encoder_tokens=found.encoder.tokens(plain) / len(plain) if isinstance(found.encoder, QuickEncoder) else 0.0,
        cascade=cascade,
        asked=asked,
        evening=evening,
        asked_evening=asked_evening,
        p50_ms=_at(waits, 0.5),
        p95_ms=_at(waits, 0.95),
        cold_start_seconds=cold["seconds"],
        memory_mb=cold["mb"],
    )


def mix(count: int, draw: int = 0) -> list[str]:
    """Cheers that repeat, harmless talk and questions, and what harms, shuffled; same draw, same texts."""
    from moderation.model.seeds import seeds

    chance = random.Random(draw)  # noqa: S311 (a draw, not a secret)
    by_label = {label: [seed.text for seed in seeds() if seed.label == label] for label in _SHARE if label != "cheer"}
    kinds = chance.choices(list(_SHARE), list(_SHARE.values()), k=count)
    return [chance.choice(_CHEERS if kind == "cheer" else by_label[kind]) for kind in kinds]


def _cascade(rounds: Sequence[Sequence[str]], fresh: Callable[[], Pipeline]) -> tuple[float, float]:
    """Comments a second of the median round, and the share of all that the encoder was asked about."""
    from moderation.judge import Heard
    from moderation.normalise import read

    rates, asked = [], 0
    for texts in rounds:
        pipeline = fresh()
        started = time.process_time()
        for start in range(0, len(texts), 32):
            pipeline.judge([Heard(read(text)) for text in texts[start : start + 32]])
        rates.append(len(texts) / (time.process_time() - started))
        asked += pipeline.model.remembered if pipeline.model else 0
    return sorted(rates)[len(rates) // 2], asked / sum(map(len, rounds))


def _rate(work: Callable[[], object], count: int) -> float:
    times = []
    work()
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return count / sorted(times)[ROUNDS // 2]


def _live(pipeline: Pipeline, texts: Sequence[str]) -> list[float]:
    """Milliseconds from arrival to verdict; comments arrive at random and wait while others are judged."""
    from moderation.judge import Heard
    from moderation.normalise import read

    chance = random.Random(5)  # noqa: S311 (a draw, not a secret)
    due, arrivals = 0.0, []
    for text in texts:
        due += chance.expovariate(LIVE_RATE)
        arrivals.append((due, text))
    waits: list[float] = []
    started = time.perf_counter()
    while len(waits) < len(arrivals):
        now = time.perf_counter() - started
        ready = [text for at, text in arrivals[len(waits) : len(waits) + 32] if at <= now]
        if not ready:
            time.sleep(max(arrivals[len(waits)][0] - now, 0))
            continue
        pipeline.judge([Heard(read(text)) for text in ready])
        done = time.perf_counter() - started
        waits += [(done - at) * 1000 for at, _ in arrivals[len(waits) : len(waits) + len(ready)]]
    return waits


def _cold(model: str, data: Path) -> dict[str, float]:
    """A fresh process: from its first line to its first verdict, and its memory after some work."""
    done = subprocess.run([sys.executable, "-c", _COLD, model, str(data)], capture_output=True, check=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _at(waits: Sequence[float], share: float) -> float:
    return sorted(waits)[min(int(len(waits) * share), len(waits) - 1)]
