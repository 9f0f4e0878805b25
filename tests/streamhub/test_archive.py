"""The archive holds what the log holds: everything, once, in order, typed; and grows by its tail alone."""

from __future__ import annotations

import asyncio
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from streamhub.campaign_facts import CampaignCreated, CampaignFact
from streamhub.facts import (
    BroadcastCreated,
    BroadcastFact,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    Fact,
    Note,
    Reason,
)
from streamhub.record.archive import archive_broadcast, archive_campaign, archive_of_broadcast
from streamhub.record.log import Log, broadcast_log, campaign_log

CARD = Note(
    claim="M1", claim_zh="珊瑚不怕热", claim_en="Coral likes heat", fact_zh="怕", fact_en="No", source="IPCC", url=""
)


def read(path: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    with duckdb.connect() as base:
        return base.read_parquet(str(path)).project(columns).fetchall()


async def say(log: Log, text: str, once: str) -> str:
    return (await log.append(CommentSubmitted(viewer="v", nick="n", text=text), once=once)).id


async def test_columns_are_typed_and_defaults_filled_in(store: Redis, tmp_path: Path) -> None:
    log = broadcast_log(store, "REEF")
    comment = await say(log, "热水养珊瑚", "1")
    judged = CommentJudged(
        comment=comment,
        action="annotate",
        note=CARD,
        scores={"promotion": 0.25},
        model="e5",
        policy="p1",
        reasons=(Reason(code="claim", rule="M1", score=0.9), Reason(code="unsure")),
    )
    await log.append(judged, once="2")
    await log.append(CommentDecided(comment=comment, action="publish", by="host:Li"), once="3")
    path = await archive_broadcast(store, "REEF", tmp_path)
    assert path == archive_of_broadcast(tmp_path, "REEF")
    first, second, third = read(
        path, "type, kind, via, simulated, reasons, claim, note.fact_en, scores['promotion'], \"by\""
    )
    assert first == ("comment_submitted", "comment", "web", False, None, None, None, None, None)
    assert second == ("comment_judged", None, None, None, ["claim", "unsure"], "M1", "No", 0.25, None)
    assert third[0] == "comment_decided"
    assert third[-1] == "host:Li"
    [(id_, time, ms)] = read(path, "id, time, ms")[:1]
    assert id_ == comment
    assert int(comment.split("-")[0]) == ms
    assert round(time.replace(tzinfo=UTC).timestamp() * 1000) == ms


async def test_an_empty_log_has_an_empty_archive_with_all_columns(store: Redis, tmp_path: Path) -> None:
    path = await archive_broadcast(store, "NOBODY", tmp_path)
    assert read(path) == []
    assert read(path, "id, time, type, viewer, reasons, claim, fact") == []


async def test_it_grows_by_its_tail_and_stays_untouched_without_news(store: Redis, tmp_path: Path) -> None:
    log = broadcast_log(store, "REEF")
    ids = [await say(log, f"{n}", f"{n}") for n in range(5)]
    path = await archive_broadcast(store, "REEF", tmp_path)
    before = path.stat().st_ino, path.stat().st_mtime_ns
    assert await archive_broadcast(store, "REEF", tmp_path) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before
    ids += [await say(log, f"{n}", f"{n}") for n in range(5, 2100)]
    await archive_broadcast(store, "REEF", tmp_path)
    assert [id_ for (id_,) in read(path, "id")] == ids
    assert [child.name for child in path.parent.iterdir()] == ["facts.parquet"]


async def test_another_log_under_the_same_code_replaces_it(store: Redis, tmp_path: Path) -> None:
    await say(broadcast_log(store, "REEF"), "old", "1")
    await archive_broadcast(store, "REEF", tmp_path)
    await store.flushall()
    await say(broadcast_log(store, "REEF"), "new", "1")
    assert read(await archive_broadcast(store, "REEF", tmp_path), "text") == [("new",)]


async def test_an_archive_stays_when_its_log_has_left_the_store(store: Redis, tmp_path: Path) -> None:
    await say(broadcast_log(store, "REEF"), "kept", "1")
    await archive_broadcast(store, "REEF", tmp_path)
    await store.flushall()
    assert read(await archive_broadcast(store, "REEF", tmp_path), "text") == [("kept",)]


async def test_erased_text_is_gone_after_a_whole_archive(store: Redis, tmp_path: Path) -> None:
    log = broadcast_log(store, "REEF")
    await say(log, "first", "1")
    erased = await say(log, "secret", "2")
    await archive_broadcast(store, "REEF", tmp_path)
    await store.xdel(log.key, erased)
    assert read(await archive_broadcast(store, "REEF", tmp_path, whole=True), "text") == [("first",)]


async def test_what_this_version_cannot_read_is_kept_whole(store: Redis, tmp_path: Path) -> None:
    log = broadcast_log(store, "REEF")
    await say(log, "known", "1")
    await store.xadd(log.key, {"f": b'{"type":"comment_translated","to":"fr"}'})
    await store.xadd(log.key, {"f": b"\xff not json"})
    await store.xadd(log.key, {"other": b"field"})
    path = await archive_broadcast(store, "REEF", tmp_path)
    assert [kind for (kind,) in read(path, "type")] == ["comment_submitted", None, None, None]
    assert read(path, "fact->>'to'")[1] == ("fr",)


async def test_a_number_too_large_for_a_column_stays_in_the_fact(store: Redis, tmp_path: Path) -> None:
    created = BroadcastCreated(code="REEF", title="t", by="o", starts_at=10**30)
    await broadcast_log(store, "REEF").append(created, once="1")
    [(starts_at, kept)] = read(await archive_broadcast(store, "REEF", tmp_path), "starts_at, fact->>'starts_at'")
    assert starts_at is None
    assert kept == str(10**30)


async def test_a_module_gets_columns_for_its_own_facts(store: Redis, tmp_path: Path) -> None:
    log = campaign_log(store, "WEEK", CampaignFact | SeedPlanted)
    created = CampaignCreated(
        id="WEEK", module="seeds", title="t", by="o", starts_on="2026-11-01", ends_on="2026-11-02"
    )
    await log.append(created, once="1")
    await log.append(SeedPlanted(kind="oak", depth=2.5, notes=("wet", "shade")), once="2")
    path = await archive_campaign(store, "WEEK", CampaignFact | SeedPlanted, tmp_path)
    assert read(path, "module, depth, notes") == [("seeds", None, None), (None, 2.5, ["wet", "shade"])]


class SeedPlanted(Fact, frozen=True, kw_only=True):
    kind: str
    depth: float
    notes: tuple[str, ...] = ()


@pytest.mark.parametrize("code", ["../EVIL", "a/b", "reef", "", "REEF\n"])
async def test_only_codes_name_archives(store: Redis, tmp_path: Path, code: str) -> None:
    with pytest.raises(ValueError, match="not a code"):
        await archive_broadcast(store, code, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_folders_of_any_name_and_two_archives_at_once(store: Redis, tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] *data* folder 数据"
    await say(broadcast_log(store, "REEF"), "x", "1")
    await asyncio.gather(*(archive_broadcast(store, "REEF", folder) for _ in range(4)))
    assert read(archive_of_broadcast(folder, "REEF"), "text") == [("x",)]


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(texts, texts), min_size=1, max_size=20))
async def test_any_text_comes_out_as_it_went_in(store: Redis, tmp_path: Path, said: list[tuple[str, str]]) -> None:
    await store.flushall()
    log = broadcast_log(store, "TEXTS")
    for n, (nick, text) in enumerate(said):
        await log.append(CommentSubmitted(viewer="v", nick=nick, text=text), once=f"{n}")
    path = await archive_broadcast(store, "TEXTS", tmp_path)
    assert read(path, "nick, text") == said
    assert [id_ for (id_,) in read(path, "id")] == [entry.id for entry in await log.read()]
    assert Log(store, log.key, BroadcastFact).key == log.key
