"""Moderation by people over a real socket and a real Valkey: decisions, restrictions, reports, appeals, policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import socketio
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from streamhub.facts import (
    AppealMade,
    BroadcastCreated,
    BroadcastOpened,
    CommentDecided,
    CommentErased,
    CommentSubmitted,
)
from streamhub.live.admission import Grant
from streamhub.live.hub import Hub
from streamhub.record import snapshots
from streamhub.record.archive import archive_broadcast
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.replay import keep_snapshot, replay
from streamhub.record.store import EmbeddedValkey, connect, connect_follower
from tests.streamhub.histories import NOTE
from tests.streamhub.test_hub import SIGNER, Viewer, judge

HOST = Grant(role="host", broadcast="REEF", name="Mei")
MODERATOR = Grant(role="moderator", broadcast="REEF", name="Bo")
ORGANIZER = Grant(role="organizer", name="Lin")
MINUTE = 60.0


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


Come = Callable[..., Awaitable[Viewer]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def come(valkey: EmbeddedValkey, store: Redis, clock: Clock) -> AsyncIterator[Come]:
    """`await come(role=MODERATOR, hub=1)`: somebody who has joined, at the first or second hub process."""
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    await broadcast_log(store, "REEF").append(BroadcastOpened(by="organizer"), once="open")
    stores, hubs, servers, viewers = [], [], [], []
    for _ in range(2):
        stores += [connect(valkey.url), connect_follower(valkey.url)]
        hub = Hub(store=stores[-2], follower=stores[-1], signer=SIGNER, modules={}, notes={"m001": NOTE}, clock=clock)
        app = web.Application()
        hub.server.attach(app)
        server = TestServer(app)
        await server.start_server()
        await hub.open()
        hubs.append(hub)
        servers.append(server)

    async def make(role: Grant | None = None, hub: int = 0) -> Viewer:
        viewer = Viewer(socketio.AsyncClient(reconnection=False))
        auth = {"role": SIGNER.role_token(role)} if role else {}
        await viewer.client.connect(str(servers[hub].make_url("/")), auth=auth)
        viewers.append(viewer)
        viewer.hubs = hubs  # type: ignore[attr-defined]
        await viewer.join()
        return viewer

    yield make
    for viewer in viewers:
        await viewer.client.disconnect()
    for hub, server in zip(hubs, servers, strict=True):
        await hub.close()
        await server.close()
    for client in stores:
        await client.aclose()


numbers = iter(range(10_000))


async def do(viewer: Viewer, event: str, /, **fields: Any) -> Any:
    """The acknowledgement, once both processes have followed the log so far."""
    answer = await viewer.call(event, once=f"once-{next(numbers):06}", **fields)
    for hub in viewer.hubs if answer["ok"] else ():  # type: ignore[attr-defined]
        await (await hub.room("REEF")).reached(answer["id"])
    return answer


async def say(store: Redis, author: Viewer, text: str, action: str = "hold", note: Any = None) -> str:
    said = await do(author, "comment", text=text, nick="Ann")
    assert said["ok"], said
    await judge(store, said["id"], action, note)
    await author.until("outcome", lambda data: data["comment"] == said["id"])
    return str(said["id"])


def held(comment: str) -> Callable[[Any], bool]:
    return lambda review: any(item["id"] == comment for item in review.get("held", []))


async def test_of_two_moderators_in_two_processes_one_decides_and_the_other_is_told_who(
    come: Come, store: Redis
) -> None:
    ann, mei, bo = await come(), await come(HOST), await come(MODERATOR, hub=1)
    comment = await say(store, ann, "buy fins")
    for moderator in (mei, bo):
        await moderator.until("review", held(comment))
    answers = await asyncio.gather(
        do(mei, "decide", comment=comment, action="reject", turn=""),
        do(bo, "decide", comment=comment, action="publish", turn=""),
    )
    assert sorted(answer["ok"] for answer in answers) == [False, True]
    (error,) = [answer["error"] for answer in answers if not answer["ok"]]
    winner = "host:Mei" if answers[0]["ok"] else "moderator:Bo"
    assert (error["code"], error["field"], error["limit"]) == ("conflict", "turn", winner)
    facts = [entry.fact async for entry in broadcast_log(store, "REEF").all()]
    assert [fact.by for fact in facts if isinstance(fact, CommentDecided)] == [winner]


async def test_a_retried_decision_is_repeated_and_after_an_undo_there_is_a_new_turn(come: Come, store: Redis) -> None:
    ann, bo = await come(), await come(MODERATOR)
    comment = await say(store, ann, "buy fins")
    await bo.until("review", held(comment))
    fields = {"once": "bo-decides", "comment": comment, "action": "reject", "turn": ""}
    first, again = await bo.call("decide", **fields), await bo.call("decide", **fields)
    assert (again["id"], again["repeated"]) == (first["id"], True)
    undone = await do(bo, "undo", decision=first["id"])
    assert (await do(bo, "decide", comment=comment, action="publish", turn=""))["error"]["code"] == "conflict"
    assert (await do(bo, "decide", comment=comment, action="publish", turn=undone["id"]))["ok"]
    assert (await do(bo, "undo", decision=first["id"]))["error"]["code"] == "conflict"


async def test_a_moderator_reviews_but_runs_neither_questions_nor_policy(come: Come, store: Redis) -> None:
    ann, bo, mei = await come(), await come(MODERATOR), await come(HOST)
    asked = (await do(ann, "comment", text="why?", nick="Ann", kind="question"))["id"]
    await judge(store, asked)
    moved = await do(mei, "move", question=asked, to="later")
    for event, fields in (
        ("move", {"question": asked, "to": "answered"}),
        ("undo", {"decision": moved["id"]}),
        ("choose_policy", {"preset": "school"}),
        ("add_claim", {}),
        ("consent", {"given": True}),
    ):
        assert (await do(bo, event, **fields))["error"]["code"] == "forbidden", event
    assert bo.joined["role"] == "moderator"
    assert bo.joined["review"]["as_of"]
    assert (await do(mei, "consent", given=True))["error"]["code"] == "forbidden"
    assert (await do(await come(ORGANIZER), "consent", given=True))["ok"]


async def test_muted_until_the_clock_says_so_or_a_person_lifts_it(come: Come, store: Redis, clock: Clock) -> None:
    ann, bo = await come(), await come(MODERATOR)
    comment = await say(store, ann, "buy fins")
    muted = await do(bo, "restrict", comment=comment, effect="mute", minutes=10, reason="advertising again")
    assert muted["ok"], muted
    review = await bo.until("review", lambda data: data.get("restricted"))
    assert (review["restricted"][0]["effect"], review["restricted"][0]["by"]) == ("mute", "moderator:Bo")
    error = (await do(ann, "comment", text="hello", nick="Ann"))["error"]
    assert (error["code"], error["field"], error["retry_after"]) == ("restricted", "mute", 600)
    assert "advertising again" in error["message"]
    other = await come(hub=1)
    assert (await do(other, "comment", text="hello", nick="Di"))["ok"]
    clock.now += 10 * MINUTE
    assert (await do(ann, "comment", text="hello again", nick="Ann"))["ok"]
    await do(bo, "restrict", comment=comment, effect="ban", minutes=10)
    assert (await do(ann, "report", comment=comment))["error"]["code"] == "restricted"
    assert (await do(ann, "appeal", comment=comment, text="it was a joke"))["ok"]
    mark = review["restricted"][0]["viewer"]
    assert (await do(bo, "lift", viewer=mark))["ok"]
    assert (await do(ann, "comment", text="thank you", nick="Ann"))["ok"]
    assert (await do(bo, "lift", viewer=mark))["error"]["code"] == "unknown"


async def test_slowed_means_one_comment_at_a_time(come: Come, store: Redis) -> None:
    ann, bo = await come(), await come(MODERATOR)
    comment = await say(store, ann, "first")
    assert (await do(bo, "restrict", comment=comment, effect="slow", minutes=5))["ok"]
    assert (await do(ann, "comment", text="second", nick="Ann"))["ok"]
    error = (await do(ann, "comment", text="third", nick="Ann"))["error"]
    assert error["code"] == "rate"
    assert 20 < error["retry_after"] <= 30


async def test_an_appeal_is_a_case_and_its_answer_reaches_the_author(come: Come, store: Redis) -> None:
    ann, bo, stranger = await come(), await come(MODERATOR), await come()
    comment = await say(store, ann, "they say corals are stones", "reject")
    assert not held(comment)(await bo.until("review") if bo.got else bo.joined["review"])
    assert (await do(stranger, "appeal", comment=comment, text="not mine"))["error"]["code"] == "unknown"
    assert (await do(ann, "appeal", comment=comment, text="  "))["error"]["field"] == "text"
    appealed = await do(ann, "appeal", comment=comment, text="I quoted somebody")
    assert (await ann.until("outcome", lambda data: data.get("appeal")))["appeal"] == "open"
    review = await bo.until("review", held(comment))
    (item,) = [item for item in review["held"] if item["id"] == comment]
    assert (item["appeal"], item["turn"]) == ("I quoted somebody", appealed["id"])
    assert (await do(ann, "appeal", comment=comment, text="again"))["error"]["code"] == "conflict"
    why = "You are right, it is a quotation."
    assert (await do(bo, "decide", comment=comment, action="publish", turn=appealed["id"], reason=why))["ok"]
    answer = await ann.until("outcome", lambda data: data.get("appeal") == "granted")
    assert (answer["status"], answer["why"]) == ("shown", why)


async def test_a_report_makes_a_case_with_its_reason_and_the_reporters_record_counts(come: Come, store: Redis) -> None:
    ann, bo, troll, fair = await come(), await come(MODERATOR), await come(), await come()
    comment = await say(store, ann, "corals are animals", "publish")
    assert (await do(ann, "report", comment=comment))["error"]["code"] == "conflict"
    assert (await do(troll, "report", comment=comment, why="abuse"))["ok"]
    review = await bo.until("review", held(comment))
    assert (review["held"][0]["reports"], review["held"][0]["weight"], review["held"][0]["status"]) == (
        {"abuse": 1}, 0.5, "shown",
    )  # fmt: skip
    assert (await do(bo, "decide", comment=comment, action="publish", turn=""))["ok"]
    assert (await do(fair, "report", comment=comment))["error"]["field"] == "turn"
    other = await say(store, ann, "corals are alive", "publish")
    assert (await do(troll, "report", comment=other))["ok"]
    await asyncio.sleep(0.3)
    assert not any(held(other)(data) for event, data in bo.got if event == "review")
    assert (await do(fair, "report", comment=other))["ok"]
    review = await bo.until("review", held(other))
    assert review["held"][0]["weight"] == pytest.approx(0.833)


async def test_nobody_fills_the_queue_alone_and_a_school_hides_what_two_report(come: Come, store: Redis) -> None:
    ann, mei, one, two = await come(), await come(HOST), await come(), await come(hub=1)
    assert (await do(mei, "choose_policy", preset="school"))["ok"]
    assert (await do(mei, "choose_policy", preset="school"))["error"]["code"] == "conflict"
    texts = [await say(store, ann, f"line {number}", "publish") for number in range(5)]
    for comment in texts:
        assert (await do(one, "report", comment=comment))["ok"]
    sixth = await say(store, two, "line of somebody else", "publish")
    assert (await do(one, "report", comment=sixth))["error"]["field"] == "reports"
    assert (await do(two, "report", comment=texts[0]))["ok"]
    gone = await one.until("batch", lambda data: data.get("gone"))
    assert gone["gone"] == [texts[0]]
    outcome = await ann.until("outcome", lambda data: data["status"] == "held")
    assert outcome["reasons"] == [{"code": "reported"}]


CLAIM = {"claim_en": "Reefs are painted", "fact_en": "They are alive", "source": "AIMS", "url": "https://aims.gov.au"}


async def test_a_claim_needs_its_fact_and_source_and_can_be_attached_at_once(come: Come, store: Redis) -> None:
    ann, mei = await come(), await come(HOST)
    for missing, field in (
        ({"source": " "}, "source"), ({"url": ""}, "url"), ({"url": "javascript:alert(1)"}, "url"),
        ({"fact_en": ""}, "fact_en"), ({"claim_en": ""}, "claim_en"), ({"fact_en": "", "fact_zh": "活的"}, "claim_zh"),
    ):  # fmt: skip
        error = (await do(mei, "add_claim", **(CLAIM | missing)))["error"]
        assert (error["code"], error["field"]) == ("invalid", field), missing
    added = await do(mei, "add_claim", **CLAIM)
    assert added["ok"]
    state = [entry.fact async for entry in broadcast_log(store, "REEF").all()][-1]
    comment = await say(store, ann, "they paint the reef")
    done = await do(mei, "decide", comment=comment, action="annotate", claim=state.id)
    assert done["ok"], done
    frame = await ann.until("batch", lambda data: data.get("comments"))
    note = frame["comments"][0]["note"]
    assert (note["fact_zh"], note["fact_en"]) == ("They are alive", "They are alive")
    assert (await do(mei, "withdraw_claim", claim=state.id))["ok"]
    assert (await do(mei, "withdraw_claim", claim=state.id))["error"]["code"] == "unknown"


async def test_a_moderator_writes_a_card_of_their_own(come: Come, store: Redis) -> None:
    ann, bo = await come(), await come(MODERATOR)
    comment = await say(store, ann, "corals are plants")
    card = {"fact": "Corals are animals.", "source": "NOAA", "url": "https://noaa.gov/corals"}
    for missing in card:
        error = (await do(bo, "decide", comment=comment, action="annotate", turn="", **(card | {missing: ""})))["error"]
        assert error["field"] == missing
    assert (await do(bo, "decide", comment=comment, action="annotate", turn="", **card))["ok"]
    frame = await ann.until("batch", lambda data: data.get("comments"))
    assert frame["comments"][0]["note"]["fact_zh"] == "Corals are animals."


async def test_words_are_listed_once_and_no_letter_alone(come: Come, store: Redis) -> None:
    mei = await come(HOST)
    assert (await do(mei, "list_word", word=" REEF.org ", effect="allow"))["ok"]
    assert (await do(mei, "list_word", word="reef.org", effect="allow"))["error"]["code"] == "conflict"
    assert (await do(mei, "list_word", word=" a ", effect="hold"))["error"]["field"] == "word"
    assert (await do(mei, "list_word", word="reef.org", effect="hold"))["ok"]
    assert (await do(mei, "unlist_word", word="reef.org"))["ok"]
    assert (await do(mei, "unlist_word", word="reef.org"))["error"]["code"] == "unknown"


async def words_in_store(store: Redis, words: str) -> bool:
    """Whether any key of the broadcast holds them: log, snapshot, marks."""
    found = False
    async for key in store.scan_iter("*REEF*"):
        kind = await store.type(key)
        value = {b"stream": store.xrange, b"string": store.get, b"hash": store.hgetall}[kind]
        found = found or words in repr(await value(key))  # type: ignore[operator]
    return found


async def test_a_comment_taken_back_is_gone_for_everybody_and_from_the_store(
    come: Come, store: Redis, tmp_path: Path
) -> None:
    ann, bo, stranger, mei = await come(), await come(MODERATOR, hub=1), await come(hub=1), await come(HOST)
    comment = await say(store, ann, "call me on zeromothree", "publish")
    kept = await say(store, ann, "the reef is lovely", "publish")
    archive = await archive_broadcast(store, "REEF", tmp_path)
    await keep_snapshot(store, "REEF", await replay(store, "REEF"))
    assert await words_in_store(store, "zeromothree")
    for other in (stranger, bo):
        assert (await do(other, "erase", comment=comment))["error"]["code"] == "forbidden"
    erased = await do(ann, "erase", comment=comment, reason="my number")
    assert erased["ok"], erased
    assert not await words_in_store(store, "zeromothree")
    await stranger.until("batch", lambda batch: comment in batch.get("gone", []))
    outcome = await ann.until("outcome", lambda data: data["comment"] == comment and data["status"] == "rejected")
    assert (outcome.get("text", ""), outcome["reasons"][0]["code"]) == ("", "erased")
    for moderator, act, fields in (
        (mei, "decide", {"action": "publish"}), (ann, "appeal", {"text": "please"}), (stranger, "report", {}),
    ):  # fmt: skip
        assert not (await do(moderator, act, comment=comment, **fields))["ok"], act
    assert (await do(ann, "erase", comment=comment))["ok"], "whatever a crash left of it goes with a second try"
    fresh = await replay(store, "REEF")
    assert list(fresh.comments.by_id) == [kept]
    assert await archive_broadcast(store, "REEF", tmp_path) == archive
    with duckdb.connect() as base:
        rows = base.read_parquet(str(archive)).fetchall()
    assert "zeromothree" not in repr(rows) and "the reef is lovely" in repr(rows) and "comment_erased" in repr(rows)


async def test_hosts_erase_what_others_wrote_with_the_objection_to_it(come: Come, store: Redis) -> None:
    ann, mei = await come(), await come(HOST)
    comment = await say(store, ann, "her address is 12 Elm Street", "reject")
    assert (await do(ann, "appeal", comment=comment, text="but she does live at 12 Elm Street"))["ok"]
    assert (await do(mei, "erase", comment=comment, reason="private"))["ok"]
    assert not await words_in_store(store, "Elm Street")
    reviews = [(await hub.room("REEF")).review() for hub in mei.hubs]  # type: ignore[attr-defined]
    assert "Elm Street" not in repr(reviews) and all(view.id != comment for review in reviews for view in review.held)
    facts = [entry.fact async for entry in broadcast_log(store, "REEF").all()]
    (gone,) = [fact for fact in facts if isinstance(fact, CommentErased)]
    assert (gone.by, gone.reason) == ("host:Mei", "private")


async def test_an_erasure_that_was_broken_off_is_finished_when_the_broadcast_is_opened_next(
    come: Come, store: Redis
) -> None:
    log = broadcast_log(store, "REEF")
    said = await log.append(CommentSubmitted(viewer="v", nick="Ann", text="call me on zeromothree"), once="said")
    await log.append(CommentErased(comment=said.id, by="author"), once="erased, and then killed")
    await log.append(AppealMade(comment=said.id, viewer="v", text="zeromothree is right"), once="at the same moment")
    assert await words_in_store(store, "zeromothree")
    await come()
    assert not await words_in_store(store, "zeromothree")


async def test_a_snapshot_made_while_something_is_erased_is_not_kept(
    come: Come, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await come()
    comment = await say(store, ann, "call me on zeromothree", "publish")

    async def slowly(*given: Any) -> None:
        assert (await do(ann, "erase", comment=comment))["ok"]
        await keep_snapshot(*given)

    monkeypatch.setattr(snapshots, "EVERY", 1)
    monkeypatch.setattr(snapshots, "keep_snapshot", slowly)
    assert await snapshots.keep(store, {}) == {"REEF": 0}
    assert not await words_in_store(store, "zeromothree")
