"""Comments in a real store -> one verdict each, whatever dies in between."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from campaigns import travel
from campaigns.travel.facts import TripLogged
from moderation.campaign_words import LOOK_SECONDS
from moderation.shadow import counts, rows
from moderation.worker import GROUP, run
from streamhub.campaign_facts import CampaignCreated
from streamhub.facts import (
    BroadcastCreated,
    BroadcastEdited,
    ClaimAdded,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    HousePolicyChanged,
    PolicyChosen,
    Stage,
    VerdictRevised,
    ViewerRestricted,
    WordListed,
    WordUnlisted,
)
from streamhub.record import moderation_status
from streamhub.record.directory import create_broadcast, create_campaign
from streamhub.record.log import broadcast_key, broadcast_log, campaign_log
from streamhub.record.replay import replay
from streamhub.record.store import EmbeddedValkey
from web.settings import Settings

CODE = "REEF-NIGHT"
REPOSITORY = Path(__file__).parents[2]
ONE_WORKER = """
import asyncio, sys
from pathlib import Path
from moderation.worker import run
url, model, data, consumer = sys.argv[1:]
asyncio.run(run(url, model=model, data=Path(data), policy=None, consumer=consumer, stop=asyncio.Event()))
"""


async def broadcast(store: Redis, code: str = CODE) -> None:
    await create_broadcast(store, BroadcastCreated(code=code, title="Reef", by="organizer"))


async def say(store: Redis, text: str, viewer: str = "v1", code: str = CODE) -> str:
    fact = CommentSubmitted(viewer=viewer, nick="n", text=text)
    return (await broadcast_log(store, code).append(fact, once=f"{viewer}:{time.monotonic_ns()}")).id


async def verdicts(store: Redis, code: str = CODE) -> list[CommentJudged]:
    return [e.fact async for e in broadcast_log(store, code).all() if isinstance(e.fact, CommentJudged)]


async def judged(
    store: Redis, count: int, code: str = CODE, seconds: float = 60, pause: float = 0.05
) -> dict[str, CommentJudged]:
    """Wait until so many comments have a verdict; fails if one has two."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = await verdicts(store, code)
        assert len({v.comment for v in found}) == len(found), "a comment was judged twice"
        if len(found) >= count:
            return {v.comment: v for v in found}
        await asyncio.sleep(pause)
    raise AssertionError(f"{len(found)} of {count} verdicts after {seconds} s")


@asynccontextmanager
async def worker(
    url: str,
    models: Path,
    model: str = "e5-small",
    consumer: str = "a",
    shadow: Path | None = None,
    policy: Path | None = None,
    home: str = "",
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(
        run(url, model=model, data=models, policy=policy, consumer=consumer, stop=stop, shadow=shadow, home=home)
    )
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def worker_process(url: str, models: Path, consumer: str, model: str = "e5-small") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", ONE_WORKER, url, model, str(models), consumer],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


async def test_each_comment_gets_its_verdict(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    said = {
        "myth_zh": await say(store, "地球自己的周期而已，变暖跟人类没关系"),
        "myth_en": await say(store, "warming is just the sun, nothing to do with us", "v2"),
        "question": await say(store, "请问老师，火山排放的二氧化碳真的比人类多吗？", "v3"),
        "ad": await say(store, "加薇❤ lvse8866 领资料", "v4"),
        "spaced_ad": await say(store, "🐧 ①② ③⑥ ⑦⑧ ⑨", "v5"),
        "insult": await say(store, "你就是个傻逼", "v6"),
        "cheer": await say(store, "哈哈哈哈", "v7"),
        "thanks": await say(store, "谢谢老师的讲解", "v8"),
    }
    async with worker(valkey.url, models):
        found = await judged(store, len(said))
    result = {name: found[comment] for name, comment in said.items()}
    actions = {name: verdict.action for name, verdict in result.items()}
    assert actions == {
        "myth_zh": "annotate",
        "myth_en": "annotate",
        "question": "publish",
        "ad": "hold",
        "spaced_ad": "hold",
        "insult": "hold",
        "cheer": "publish",
        "thanks": "publish",
    }
    assert [r.code for r in result["ad"].reasons] == ["contact"]
    assert [r.code for r in result["insult"].reasons] == ["abuse"]
    note = result["myth_en"].note
    assert note is not None and note.claim == "m011" and note.url.startswith("https://") and note.fact_zh
    assert result["myth_zh"].reasons[0].code == "claim" and result["myth_zh"].reasons[0].rule == "m010"
    assert all(v.policy.startswith("default-") and v.model.startswith("e5-small-") for v in found.values())
    pending = await store.xpending(broadcast_key(CODE), GROUP)
    assert pending["pending"] == 0


async def test_repetition_is_held_and_applause_is_not(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    again = [await say(store, "大家快去看另一个台的节目吧") for _ in range(4)]
    cheers = [await say(store, "加油" * (1 + i % 2), f"c{i % 3}") for i in range(12)]
    async with worker(valkey.url, models):
        found = await judged(store, len(again) + len(cheers))
    assert [found[c].reasons[0].code if found[c].reasons else "" for c in again[2:]] == ["repetition"] * 2
    assert {found[c].action for c in cheers} == {"publish"}
    assert {found[c].applause for c in cheers} == {"加油"}
    assert {found[c].applause for c in again} == {""}


async def test_verdict_comes_soon(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    async with worker(valkey.url, models):
        await say(store, "first words of the evening")
        await judged(store, 1)
        waits = []
        for i in range(10):
            sent = time.perf_counter()
            await say(store, f"what kind of coral is number {i}?", f"v{i}")
            await judged(store, i + 2, pause=0.005)
            waits.append(time.perf_counter() - sent)
    assert sorted(waits)[len(waits) // 2] < 0.3, waits


async def test_new_broadcast_is_noticed(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    async with worker(valkey.url, models):
        await asyncio.sleep(0.3)
        await broadcast(store, "LATE-ONE")
        await say(store, "hello everyone from the late one", code="LATE-ONE")
        await judged(store, 1, "LATE-ONE")


async def test_two_workers_share_and_never_judge_twice(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    async with worker(valkey.url, models, consumer="a"), worker(valkey.url, models, consumer="b"):
        for i in range(120):
            await say(store, f"what lives at {i} metres down there?", f"v{i}")
        found = await judged(store, 120)
        await asyncio.sleep(0.3)
    assert len(found) == len(await verdicts(store)) == 120


async def test_killed_worker_loses_nothing(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    for i in range(400):
        await say(store, f"a long sentence about the reef and its fish, number {i}, to be judged", f"v{i}")
    first = worker_process(valkey.url, models, "doomed")
    try:
        await judged(store, 1)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert len(await verdicts(store)) < 400
    async with worker(valkey.url, models, consumer="heir"):
        found = await judged(store, 400)
    assert len(found) == 400


async def test_without_a_model_what_the_rules_pass_is_held(
    store: Redis, valkey: EmbeddedValkey, models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await broadcast(store)
    ok = await say(store, "what a beautiful turtle")
    ad = await say(store, "加我微信 abc12345", "v2")
    async with worker(valkey.url, models, model="/nonexistent/encoder"):
        found = await judged(store, 2)
    assert found[ok].action == "hold"
    assert (found[ok].reasons[0].code, found[ok].reasons[0].rule) == ("unsure", "model_missing")
    assert found[ad].reasons[0].code == "contact"
    assert "cannot be used" in caplog.text and "turtle" not in caplog.text


async def test_lost_store_is_waited_for(tmp_path: Path, models: Path) -> None:
    server = EmbeddedValkey(tmp_path / "store")
    server.start()
    await server.ready()
    async with worker(server.url, models, model="/nonexistent/encoder"):
        async with Redis(unix_socket_path=server.socket) as store:
            await broadcast(store)
            await say(store, "before the fall of the store")
            await judged(store, 1)
        server.stop()
        await asyncio.sleep(0.5)
        server.start()
        await server.ready()
        async with Redis(unix_socket_path=server.socket) as store:
            await say(store, "after the fall of the store", "v2")
            await judged(store, 2)
    server.stop()


async def test_words_claims_and_preset_of_the_hosts_count_for_the_next_comment(
    store: Redis, valkey: EmbeddedValkey, models: Path
) -> None:
    await broadcast(store)
    log = broadcast_log(store, CODE)
    async with worker(valkey.url, models):
        before = [
            await say(store, "I found the turtles on www.blueshore.shop/give", "v1"),
            await say(store, "听说蓝湾码头的海星都是染色的", "v2"),
            await say(store, "蓝湾大坝的事怎么说", "v3"),
        ]
        found = await judged(store, 3)
        assert [found[c].action for c in before] == ["hold", "publish", "publish"]
        for number, fact in enumerate(
            (
                WordListed(word="blueshore.shop", effect="allow", by="host"),
                WordListed(word="蓝湾大坝", effect="hold", by="host"),
                ClaimAdded(
                    id="own-1", claim_zh="蓝湾码头的海星是染色的", fact_zh="当地海星的颜色是天然的",
                    source="蓝湾海洋站", url="https://example.org/seastars", by="host",
                ),
                ClaimAdded(id="own-2", claim_zh="没有来源的说法", fact_zh="不", source=" ", url="", by="host"),
                PolicyChosen(preset="school", by="organizer"),
            )
        ):  # fmt: skip
            await log.append(fact, once=f"change:{number}")
        after = [
            await say(store, "thank you, I found the turtles on www.blueshore.shop/give", "v1"),
            await say(store, "听说蓝湾码头的海星都是染色的，骗游客", "v2"),
            await say(store, "蓝 湾 大 壩 的事怎么说啊", "v3"),
            await say(store, "请问蓝湾码头的海星真的是染色的吗？", "v4"),
        ]
        found = await judged(store, 7)
    actions = [found[c].action for c in after]
    assert actions == ["publish", "annotate", "hold", "publish"], actions
    note = found[after[1]].note
    assert note is not None and note.claim == "own-1" and note.fact_en == "当地海星的颜色是天然的"
    assert found[after[2]].reasons[0].rule == "word"
    assert {found[c].policy.split("-")[0] for c in after} == {"school"}


async def test_the_video_on_the_stage_and_this_streamhub_may_be_passed_on(
    store: Redis, valkey: EmbeddedValkey, models: Path
) -> None:
    stage = Stage(kind="youtube", source="aB3_reef-Xy")
    await create_broadcast(store, BroadcastCreated(code=CODE, title="Reef", by="o", stage=stage))
    settings = Settings(data=models, public_url="https://live.bluebay.site/")
    async with worker(valkey.url, models, home=settings.home):
        said = [
            await say(store, "it is on https://youtu.be/aB3_reef-Xy too", "v1"),
            await say(store, "tell your friends: https://live.bluebay.site/b/REEF", "v2"),
            await say(store, "tell your friends: https://live.redbay.site/b/REEF", "v3"),
        ]
        found = await judged(store, 3)
    assert [found[comment].action for comment in said] == ["publish", "publish", "hold"]


async def test_words_of_a_campaign_hold_in_its_broadcasts_within_seconds(
    store: Redis, valkey: EmbeddedValkey, models: Path
) -> None:
    week = CampaignCreated(id="WEEK", module="travel", title="W", by="o", starts_on="2026-01-01", ends_on="2026-12-31")
    await create_campaign(store, week)
    campaign = campaign_log(store, "WEEK", travel.module.facts)
    for number in range(1200):  # more than one read, of what the worker does not know
        trip = TripLogged(person=f"p{number}", date="2026-01-02", mode="bike", km=3)
        await campaign.append(trip, once=f"t{number}")
    await create_broadcast(store, BroadcastCreated(code=CODE, title="Reef", by="o", campaigns=("WEEK",)))
    await broadcast(store, "RIVER")
    text = "I found the turtles on www.blueshore.shop/give"

    async def said(number: int, code: str = CODE) -> str:
        comment = await say(store, f"{text}{number}", f"v{number}", code)
        return (await judged(store, 1 + number, code))[comment].action

    async with worker(valkey.url, models):
        assert [await said(0), await said(0, "RIVER")] == ["hold", "hold"]
        await campaign.append(WordListed(word="blueshore.shop", effect="allow", by="o"), once="w1")
        await asyncio.sleep(LOOK_SECONDS + 0.2)
        assert [await said(1), await said(1, "RIVER")] == ["publish", "hold"]
        own = WordListed(word="blueshore.shop", effect="hold", by="host")
        await broadcast_log(store, CODE).append(own, once="w2")
        assert await said(2) == "hold"
        await broadcast_log(store, CODE).append(WordUnlisted(word="blueshore.shop", by="host"), once="w3")
        assert await said(3) == "publish"
        await campaign.append(WordUnlisted(word="blueshore.shop", by="o"), once="w4")
        await broadcast_log(store, "RIVER").append(BroadcastEdited(by="o", campaigns=("WEEK",)), once="w5")
        await asyncio.sleep(LOOK_SECONDS + 0.2)
        assert [await said(4), await said(2, "RIVER")] == ["hold", "hold"]


async def test_in_haste_rules_decide_and_the_encoder_takes_back(
    store: Redis, valkey: EmbeddedValkey, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that has waited too long: nobody waits for the encoder, which looks at everything afterwards."""
    monkeypatch.setattr("moderation.haste.CALM_BATCH", 8)
    await broadcast(store)
    for i in range(8):
        await say(store, f"first words of viewer number {i} tonight", f"w{i}")
    ad = await say(store, "加我微信 abc12345", "ad")
    myth = await say(store, "地球自己的周期而已，变暖跟人类没关系", "m")
    kept = await say(store, "warming is just the sun, nothing to do with us", "k")
    for i in range(38):
        await say(store, f"what a lovely reef, fish number {i} is looking at us", f"v{i}")
    await broadcast_log(store, CODE).append(
        CommentDecided(comment=kept, action="publish", by="host"), once="a person was first"
    )
    await asyncio.sleep(2.2)
    async with worker(valkey.url, models):
        found = await judged(store, 49)
        assert found[ad].action == "hold" and not found[ad].provisional
        assert found[myth].action == "publish" and found[myth].provisional and found[myth].scores == {}
        revised = await revisions(store, sum(v.provisional for v in found.values()) - 1)
        await asyncio.sleep(0.5)
        assert await moderation_status.fare(store) == "normal"
    assert revised[myth].action == "annotate" and revised[myth].note is not None
    assert kept not in await revisions(store, 0) and ad not in revised
    state = await replay(store, CODE)
    assert state.comments.by_id[myth].note is not None
    assert state.comments.by_id[kept].status == "shown" and state.comments.by_id[kept].note is None


async def revisions(store: Redis, count: int, seconds: float = 60) -> dict[str, VerdictRevised]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        facts = [e.fact async for e in broadcast_log(store, CODE).all() if isinstance(e.fact, VerdictRevised)]
        if len(facts) >= count:
            assert len({fact.comment for fact in facts}) == len(facts), "a comment was revised twice"
            return {fact.comment: fact for fact in facts}
        await asyncio.sleep(0.05)
    raise AssertionError(f"not {count} revisions after {seconds} s")


async def test_what_is_owed_a_second_look_is_known_after_a_restart(
    store: Redis, valkey: EmbeddedValkey, models: Path
) -> None:
    await broadcast(store)
    myth = await say(store, "地球自己的周期而已，变暖跟人类没关系")
    hasty = CommentJudged(comment=myth, action="publish", provisional=True)
    await broadcast_log(store, CODE).append(hasty, once=f"verdict:{myth}")
    await store.xgroup_create(broadcast_key(CODE), GROUP, id="$")  # the comment itself was ticked off
    async with worker(valkey.url, models):
        assert (await revisions(store, 1))[myth].action == "annotate"


async def test_who_is_held_again_and_again_is_slowed_once(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    await broadcast(store)
    async with worker(valkey.url, models):
        for i in range(5):
            await say(store, f"加我微信 abc{i}2345 领资料", "seller")
            await say(store, f"这条鱼好漂亮，第{i}条", "viewer")
            await judged(store, 2 * i + 2)
    facts = [e async for e in broadcast_log(store, CODE).all() if isinstance(e.fact, ViewerRestricted)]
    assert [(e.fact.viewer, e.fact.effect, e.fact.by) for e in facts] == [("seller", "slow", "moderation")]
    assert 250_000 < facts[0].fact.until_ms - int(facts[0].id.split("-")[0]) <= 300_000


async def test_a_changed_file_of_the_house_is_in_the_log_before_its_first_verdict(
    store: Redis, valkey: EmbeddedValkey, models: Path, tmp_path: Path
) -> None:
    await broadcast(store)
    await broadcast(store, "RIVER")
    await broadcast_log(store, "RIVER").append(PolicyChosen(preset="open", by="host"), once="open")
    house = tmp_path / "house.toml"

    def write(name: str, reason: str) -> None:
        house.write_text(f'extends = "default"\nname = "{name}"\nreason = "{reason}"\n', "utf-8")

    async def changes(code: str = CODE) -> list[tuple[str, str]]:
        """The policies noted and those of the verdicts, in the order of the log."""
        return [
            (type(entry.fact).__name__, entry.fact.policy.partition("-")[0])
            async for entry in broadcast_log(store, code).all()
            if isinstance(entry.fact, HousePolicyChanged | CommentJudged)
        ]

    write("first", "we begin")
    async with worker(valkey.url, models, policy=house), worker(valkey.url, models, consumer="b", policy=house):
        for number in range(2):
            await say(store, f"the reef is lovely this morning {number}", f"v{number}")
        await judged(store, 2)
        write("second", "fewer adverts get through")
        await asyncio.sleep(LOOK_SECONDS + 0.3)
        await say(store, "the reef is lovely this evening", "v3")
        await judged(store, 3)
        write("first", "we begin")
        await asyncio.sleep(LOOK_SECONDS + 0.3)
        for number in range(2):
            await say(store, f"the reef is lovely this night {number}", f"v{number}")
        await judged(store, 5)
        await say(store, "the river is lovely too", code="RIVER")
        await judged(store, 1, "RIVER")
    noted, judged_by = "HousePolicyChanged", "CommentJudged"
    assert await changes() == [
        (noted, "first"), (judged_by, "first"), (judged_by, "first"),
        (noted, "second"), (judged_by, "second"),
        (noted, "first"), (judged_by, "first"), (judged_by, "first"),
    ]  # fmt: skip
    facts = [e.fact async for e in broadcast_log(store, CODE).all() if isinstance(e.fact, HousePolicyChanged)]
    assert [fact.reason for fact in facts] == ["we begin", "fewer adverts get through", "we begin"]
    assert {fact.by for fact in facts} == {"house"}
    assert await changes("RIVER") == [(judged_by, "open")], "its hosts chose a preset: the file is not in force there"


async def test_a_shadow_policy_is_counted_and_never_acts(
    store: Redis, valkey: EmbeddedValkey, models: Path, tmp_path: Path
) -> None:
    await broadcast(store)
    path = tmp_path / "lenient.toml"
    path.write_text('name = "lenient"\nextends = "default"\n[contact]\naction = "publish"\n', "utf-8")
    async with worker(valkey.url, models, shadow=path):
        ad = await say(store, "加我微信 abc12345")
        await say(store, "这条鱼好漂亮", "v2")
        found = await judged(store, 2)
        await asyncio.sleep(0.5)
    assert found[ad].action == "hold"
    counted = await counts(store, CODE)
    assert list(counted.values()) == [{"hold>publish": 1, "publish>publish": 1}]
    assert next(iter(counted)).startswith("lenient-")
    (row,) = await rows(store, CODE)
    assert (row.comment, row.was, row.would, row.text) == (ad, "hold", "publish", "加我微信 abc12345")
    assert b"abc12345" not in await store.lindex(broadcast_key(CODE, "shadow-rows"), 0)


async def test_moderators_are_told_when_there_is_no_model(store: Redis, valkey: EmbeddedValkey, models: Path) -> None:
    assert await moderation_status.fare(store) is None
    await broadcast(store)
    async with worker(valkey.url, models, model="/nonexistent/encoder"):
        await say(store, "hello")
        await judged(store, 1)
        await asyncio.sleep(1.2)
        assert await moderation_status.fare(store) == "rules-only"
