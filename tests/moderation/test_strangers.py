"""The figures for an author who was not read: each form and claim counted by itself."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moderation.model.seeds import Seed
from moderation.model.strangers import figures
from moderation.pipeline import Pipeline

SEEDS = (
    Seed("火山排的二氧化碳比人类多得多，怪人类干嘛", "misinformation", "zh", "assertion", "m012"),
    Seed("请问火山排的二氧化碳真的比人类多吗？", "ok", "zh", "question", "m012"),
    Seed("加我微信 vx88123 领红包", "promotion", "zh", "contact"),
    Seed("what a lovely view of the reef today", "ok", "en", "chat"),
)


def test_figures_by_language_form_and_claim(pipeline: Pipeline, tmp_path: Path) -> None:
    file = tmp_path / "seeds_new.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(seed) for seed in SEEDS))
    found = figures(file, pipeline)
    assert (found["zh"]["rows"], found["en"]["rows"]) == (3, 1)
    assert found["zh"]["claims"]["rows"] == 1 and found["en"]["claims"] == {}
    assert found["zh"]["honest with a card"] == {"rows": 1, "share": 0.0}
    assert found["zh"]["promotion and abuse held"]["all"] == {"rows": 1, "share": 1.0}
    assert found["en"]["harmless held"]["all"] == {"rows": 1, "share": 0.0}
