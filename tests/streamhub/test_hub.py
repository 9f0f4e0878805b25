"""The hub over a real socket and a real Valkey: join, say, be judged, catch up, be refused. The test is the judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import socketio
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from streamhub.facts import BroadcastCreated, BroadcastOpened, CommentJudged, Note, Reason
from streamhub.live.admission import Grant, Signer
from streamhub.live.hub import Hub
from streamhub.record.directory import create_broadcast
from streamhub.record.log import broadcast_log
from streamhub.record.store import EmbeddedValkey, connect, connect_follower
from tests.streamhub.histories import NOTE

SIGNER = Signer("secret of the tests")
LONG = "x" * 201


class Viewer:
    """A Socket.IO client that keeps what it was sent."""

    def __init__(self, client: socketio.AsyncClient) -> None:
        self.client = client
        self.got: list[tuple[str, Any]] = []
        for event in ("batch", "outcome", "review", "campaign"):
            client.on(event, lambda data, event=event: self.got.append((event, data)))

    async def call(self, event: str, **fields: Any) -> Any:
        return await self.client.call(event, fields, timeout=5)

    async def join(self, **more: Any) -> Any:
        answer = await self.call("join", broadcast="REEF", **more)
        self.joined = answer
        return answer

    async def until(self, event: str, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first such frame that was or will be sent, within five seconds."""
        async with asyncio.timeout(5):
            while True:
                for name, data in self.got:
                    if name == event and wanted(data):
                        return data
                await asyncio.sleep(0.01)

    def comments(self) -> list[str]:
        """Texts in the order in which they came, by acknowledgement and frames."""
        frames = [self.joined["batch"], *(data for name, data in self.got if name == "batch")]
        return [comment["text"] for frame in frames for comment in frame.get("comments", [])]


Connect = Callable[..., Awaitable[Viewer]]


@pytest.fixture
async def server(valkey: EmbeddedValkey, store: Redis) -> AsyncIterator[TestServer]:
    follower = connect_follower(valkey.url)
    hub_store = connect(valkey.url)
    hub = Hub(store=hub_store, follower=follower, signer=SIGNER, modules={}, notes={"m001": NOTE})
    app = web.Application()
    hub.server.attach(app)
    server = TestServer(app)
    await server.start_server()
    await hub.open()
    server.hub = hub  # type: ignore[attr-defined]
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Reef", by="organizer"))
    await broadcast_log(store, "REEF").append(BroadcastOpened(by="organizer"), once="open")
    yield server
    await hub.close()
    await server.close()
    await follower.aclose()
    await hub_store.aclose()


@pytest.fixture
async def connect_viewer(server: TestServer) -> AsyncIterator[Connect]:
    viewers: list[Viewer] = []

    async def make(*, token: str = "", role: Grant | None = None, transports: list[str] | None = None) -> Viewer:
        viewer = Viewer(socketio.AsyncClient(reconnection=False))
        auth = {"token": token, **({"role": SIGNER.role_token(role)} if role else {})}
        await viewer.client.connect(str(server.make_url("/")), auth=auth, transports=transports)
        viewers.append(viewer)
        return viewer

    yield make
    for viewer in viewers:
        await viewer.client.disconnect()


HOST = Grant(role="host", broadcast="REEF", name="Mei")


async def judge(store: Redis, comment: str, action: Any = "publish", note: Note | None = None) -> None:
    reasons = () if action == "publish" else (Reason(code="promotion", rule="p001", score=0.9),)
    verdict = CommentJudged(comment=comment, action=action, reasons=reasons, note=note, model="test", policy="test")
    await broadcast_log(store, "REEF").append(verdict, once=f"verdict:{comment}")


async def test_a_comment_is_shown_after_its_verdict_to_everybody_once(connect_viewer: Connect, store: Redis) -> None:
    ann, bo = await connect_viewer(), await connect_viewer(transports=["websocket"])
    await ann.join()
    await bo.join()
    said = await ann.call("comment", once="ann-0001", text="大堡礁 hello 🐠", nick="Ann")
    again = await ann.call("comment", once="ann-0001", text="大堡礁 hello 🐠", nick="Ann")
    assert said["ok"] and (again["ok"], again["id"], again["repeated"]) == (True, said["id"], True)
    assert bo.comments() == []
    await judge(store, said["id"])
    for viewer in (ann, bo):
        frame = await viewer.until("batch", lambda data: data.get("comments"))
        assert frame["comments"][0] | {"shown": "", "at": 0, "viewer": ""} == {
            "id": said["id"], "shown": "", "at": 0, "viewer": "", "nick": "Ann", "text": "大堡礁 hello 🐠",
        }  # fmt: skip
        assert frame["comments"][0]["viewer"] == ann.joined["mark"] != ann.joined["viewer"]
    outcome = await ann.until("outcome")
    assert (outcome["once"], outcome["status"]) == ("ann-0001", "shown")
    assert viewer.comments() == ["大堡礁 hello 🐠"]
    assert not [1 for name, _ in bo.got if name == "outcome"]


async def test_held_is_told_to_the_author_and_the_host_alone_and_the_host_decides(
    connect_viewer: Connect, store: Redis
) -> None:
    ann, host = await connect_viewer(), await connect_viewer(role=HOST)
    await ann.join()
    await host.join()
    assert host.joined["role"] == "host" and host.joined["review"]["as_of"]
    said = await ann.call("comment", once="ann-0001", text="加薇 领券", nick="Ann")
    await judge(store, said["id"], "hold")
    held = await ann.until("outcome")
    assert held["status"] == "held"
    assert held["reasons"] == [{"code": "promotion", "rule": "p001", "score": 0.9}]
    review = await host.until("review", lambda data: data.get("held"))
    assert review["held"][0]["text"] == "加薇 领券"
    refused = await ann.call("decide", once="ann-0002", comment=said["id"], action="publish")
    assert refused["error"]["code"] == "forbidden"
    decided = await host.call("decide", once="host-0001", comment=said["id"], action="annotate", claim="m001")
    frame = await ann.until("batch", lambda data: data.get("comments"))
    assert frame["comments"][0]["note"]["claim"] == "m001"
    await host.call("undo", once="host-0002", decision=decided["id"])
    gone = await ann.until("batch", lambda data: data.get("gone"))
    assert gone["gone"] == [said["id"]]


async def test_a_question_is_voted_answered_and_its_asker_told(connect_viewer: Connect, store: Redis) -> None:
    ann, bo, host = await connect_viewer(), await connect_viewer(), await connect_viewer(role=HOST)
    for viewer in (ann, bo, host):
        await viewer.join()
    asked = await ann.call("comment", once="ann-0001", text="Why does coral bleach?", nick="Ann", kind="question")
    early = await bo.call("vote", once="bo-00001", question=asked["id"])
    assert early["error"]["field"] == "question"
    await judge(store, asked["id"])
    await bo.until("batch", lambda data: data.get("questions"))
    assert (await ann.call("vote", once="ann-0002", question=asked["id"]))["error"]["code"] == "conflict"
    assert (await bo.call("vote", once="bo-00002", question=asked["id"]))["ok"]
    assert (await bo.call("vote", once="bo-00003", question=asked["id"]))["ok"]
    await host.until("batch", lambda data: [q for q in data.get("questions", []) if q.get("votes") == 1])
    answer = "Heat drives out the algae."
    await host.call("move", once="host-0001", question=asked["id"], to="answered", answer=answer)
    told = await ann.until("outcome", lambda data: data.get("question", {}).get("status") == "answered")
    assert told["question"]["answer"] == answer
    fresh = await connect_viewer(token=bo.joined["token"])
    joined = await fresh.join()
    assert joined["voted"] == [asked["id"]]
    assert joined["batch"]["questions"][0] | {"votes": 1, "answer": answer} == joined["batch"]["questions"][0]


async def test_reconnecting_brings_what_was_missed_once_in_order(connect_viewer: Connect, store: Redis) -> None:
    ann, bo = await connect_viewer(), await connect_viewer()
    await ann.join()
    joined = await bo.join()
    await bo.client.disconnect()
    texts = [f"comment {n}" for n in range(4)]
    for n, text in enumerate(texts):
        said = await ann.call("comment", once=f"ann-{n:04}", text=text, nick="Ann")
        await judge(store, said["id"])
    await ann.until("batch", lambda data: any(c["text"] == texts[-1] for c in data.get("comments", [])))
    back = await connect_viewer(token=bo.joined["token"])
    caught_up = await back.join(after=joined["batch"]["as_of"], epoch=joined["batch"]["epoch"])
    assert caught_up["viewer"] == joined["viewer"]
    assert "reset" not in caught_up["batch"]
    assert [c["text"] for c in caught_up["batch"]["comments"]] == texts
    other_epoch = await (await connect_viewer()).join(after=joined["batch"]["as_of"], epoch="1-0")
    assert other_epoch["batch"]["reset"] is True


@pytest.mark.parametrize(
    ("event", "fields", "expected"),
    [
        ("comment", {"once": "ann-0001", "text": LONG, "nick": "A"}, {"code": "invalid", "limit": "<= 200"}),
        ("comment", {"once": "ann-0001", "text": " \n ", "nick": "A"}, {"code": "invalid", "field": "text"}),
        ("comment", {"once": "ann-0001", "text": "\u200b\u0301", "nick": "A"}, {"code": "invalid", "field": "text"}),
        ("comment", {"once": "ann-0001", "text": "x"}, {"code": "invalid", "field": "nick"}),
        ("comment", {"once": "ann-0001", "text": 5, "nick": "A"}, {"code": "invalid", "field": "text"}),
        ("comment", {"once": "ann-0001", "text": "x", "nick": "A", "admin": 1}, {"code": "invalid", "field": "admin"}),
        ("comment", {"once": "short", "text": "x", "nick": "A"}, {"code": "invalid", "field": "once", "limit": ">= 8"}),
        ("join", {"broadcast": "NOWHERE"}, {"code": "unknown", "field": "broadcast"}),
        ("join", {"broadcast": "reef"}, {"code": "invalid", "field": "broadcast"}),
        ("vote", {"once": "ann-0001", "question": "1-0"}, {"code": "unknown", "field": "question"}),
    ],
)  # fmt: skip
async def test_bad_input_names_the_field_and_the_limit(
    connect_viewer: Connect, store: Redis, event: str, fields: dict[str, Any], expected: dict[str, str]
) -> None:
    ann = await connect_viewer()
    await ann.join()
    before = await broadcast_log(store, "REEF").last_id()
    error = (await ann.call(event, **fields))["error"]
    assert error | expected == error, error
    assert error["message"]
    assert await broadcast_log(store, "REEF").last_id() == before


async def test_before_joining_and_in_a_closed_broadcast_nothing_is_accepted(
    connect_viewer: Connect, store: Redis
) -> None:
    ann = await connect_viewer()
    fields = {"once": "ann-0001", "text": "hi", "nick": "Ann"}
    assert (await ann.call("comment", **fields))["error"]["code"] == "not_joined"
    await create_broadcast(store, BroadcastCreated(code="LATER", title="Later", by="organizer"))
    assert (await ann.call("join", broadcast="LATER"))["batch"]["broadcast"]["status"] == "scheduled"
    assert (await ann.call("comment", **fields))["error"]["code"] == "closed"


async def test_too_fast_is_refused_with_the_seconds_to_wait_but_not_for_hosts(connect_viewer: Connect) -> None:
    ann, host = await connect_viewer(), await connect_viewer(role=HOST)
    await ann.join()
    await host.join()
    answers = [await ann.call("comment", once=f"ann-{n:04}", text=str(n), nick="Ann") for n in range(8)]
    refused = [answer["error"] for answer in answers if not answer["ok"]]
    assert refused and all(error["code"] == "rate" and 0 < error["retry_after"] <= 2 for error in refused)
    assert all([(await host.call("comment", once=f"h-{n:06}", text="t", nick="H"))["ok"] for n in range(8)])


async def test_a_paused_store_refuses_clearly_and_recovers(
    connect_viewer: Connect, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await connect_viewer()
    await ann.join()
    await store.client_pause(5000)
    refused = await ann.client.call("comment", {"once": "ann-0001", "text": "hi", "nick": "Ann"}, timeout=30)
    assert refused["error"]["code"] == "unavailable"
    accepted = {"ok": False}
    while not accepted["ok"]:
        accepted = await ann.client.call("comment", {"once": "ann-0001", "text": "hi", "nick": "Ann"}, timeout=30)
    await judge(store, accepted["id"])
    await ann.until("batch", lambda data: data.get("comments"))
    assert ann.comments() == ["hi"]


async def test_a_wiped_store_starts_everybody_over(connect_viewer: Connect, store: Redis) -> None:
    """The log came back with another history (restored from elsewhere): viewers are told to start over."""
    ann = await connect_viewer()
    await ann.join()
    await store.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await store.flushall()
    await create_broadcast(store, BroadcastCreated(code="REEF", title="Another history", by="organizer"))
    frame = await ann.until("batch", lambda data: data.get("reset"))
    assert frame["broadcast"]["title"] == "Another history"


async def test_people_are_counted_by_viewer_not_by_tab(connect_viewer: Connect) -> None:
    ann = await connect_viewer()
    joined = await ann.join()
    second_tab = await connect_viewer(token=joined["token"])
    assert (await second_tab.join())["people"] == 1
    bo = await connect_viewer()
    assert (await bo.join())["people"] == 2
    await ann.until("batch", lambda data: data.get("people") == 2)


async def test_what_was_just_acknowledged_can_be_named_at_once(connect_viewer: Connect) -> None:
    """An acknowledgement comes before this process's state has the entry: the next command waits for it."""
    ann, host = await connect_viewer(), await connect_viewer(role=HOST)
    await ann.join()
    await host.join()
    for number in range(5):
        asked = await ann.call("comment", once=f"ask-{number:04}", text=f"Why {number}?", nick="Ann", kind="question")
        moved = await host.call("move", once=f"move-{number:04}", question=asked["id"], to="later")
        assert (await host.call("undo", once=f"undo-{number:04}", decision=moved["id"]))["ok"]
    later = f"{int(moved['id'].split('-')[0]) + 60_000}-0"
    refused = await asyncio.wait_for(host.call("undo", once="undo-none", decision=later), 4)
    assert refused["error"]["code"] == "unknown"
