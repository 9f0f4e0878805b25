"""A crowd that lives through faults: people who say, ask, vote and travel, try again with the same `once` until
they are answered, and come back with the position that they had. Afterwards `check` compares everybody with the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from typing import Any

import socketio
from socketio.exceptions import SocketIOError

from streamhub.record.boards import cursor, read_boards
from streamhub.record.log import broadcast_log, campaign_log
from streamhub.record.store import connect
from streamhub.state.projection import Entry, position
from tests.running import Running, once
from web.app import MODULES

ANSWER_SECONDS = 10.0
AGAIN_SECONDS = 0.2
SETTLE_SECONDS = 120.0
TRANSIENT = {"unavailable", "not_joined"}
TRAVEL = MODULES["travel"]


class Member:
    """One person with one tab, as the browser keeps it: `shown` are the comments on the screen, in order."""

    def __init__(self, running: Running, code: str) -> None:
        self.running = running
        self.code = code
        self.auth: dict[str, str] = {}
        self.viewer = ""
        self.after = self.epoch = ""
        self.shown: list[str] = []
        self.questions: set[str] = set()
        self.complaints: list[str] = []
        self.resets = self.returns = 0
        self.seated = asyncio.Event()
        self.client = socketio.AsyncClient(reconnection=False)
        self._gone = asyncio.Event()

    async def stay(self) -> None:
        """Be there, and come back whenever the connection is lost; until cancelled."""
        while True:
            with contextlib.suppress(SocketIOError, OSError, TimeoutError):
                await self._come()
                await self._gone.wait()
            self.seated.clear()
            await self.hang_up()
            await asyncio.sleep(random.uniform(0.1, 0.5))

    async def hang_up(self) -> None:
        with contextlib.suppress(SocketIOError, OSError, TimeoutError):
            await asyncio.wait_for(self.client.shutdown(), 2)
        if self.client.eio.http is not None:
            await self.client.eio.http.close()

    async def _come(self) -> None:
        self._gone = asyncio.Event()
        self.client = client = socketio.AsyncClient(reconnection=False)
        client.on("batch", self._apply)
        client.on("disconnect", lambda *_: self._gone.set())
        await client.connect(self.running.url, auth=self.auth, transports=["websocket"], wait_timeout=10)
        while not self._gone.is_set():
            place = {"broadcast": self.code, "after": self.after, "epoch": self.epoch, "last": 500}
            joined = await self.ask("join", place, self._joined)
            if joined is not None and joined["ok"]:
                self.seated.set()
                return
            await asyncio.sleep(AGAIN_SECONDS)

    def _joined(self, joined: Any) -> None:
        """At the very moment of the answer, before the next frame is looked at."""
        if not joined["ok"]:
            return
        if self.epoch:
            self.returns += 1
            if joined["batch"].get("reset"):
                self.resets += 1
        self.auth = {**self.auth, "token": joined["token"]}
        self.viewer = joined["viewer"]
        self._apply(joined["batch"])

    def _apply(self, batch: Any) -> None:
        if batch.get("reset"):
            self.shown.clear()
        for comment in batch.get("comments", []):
            if comment["id"] in self.shown:
                self.complaints.append(f"{comment['id']} came twice")
            self.shown.append(comment["id"])
        for comment in batch.get("gone", []):
            self.shown.remove(comment)
        self.questions.update(question["id"] for question in batch.get("questions", []))
        newer = position(batch["as_of"]) > position(self.after or "0-0")
        if batch.get("reset") or batch["epoch"] != self.epoch or newer:
            self.after = batch["as_of"]
        self.epoch = batch["epoch"]

    async def ask(self, event: str, fields: Any, at_once: Any = None) -> Any:
        """The answer, or None if none came (in time, or before the connection was lost)."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(data: Any) -> None:
            if at_once is not None:
                at_once(data)
            if not answer.done():
                answer.set_result(data)

        with contextlib.suppress(SocketIOError, OSError):
            await self.client.emit(event, fields, callback=answered)
            gone = asyncio.create_task(self._gone.wait())
            await asyncio.wait((answer, gone), timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
        return answer.result() if answer.done() else None


class Crowd:
    """`size` members of one broadcast with one campaign. `accepted` and `refused`: kind -> what was answered."""

    def __init__(self, running: Running, code: str, campaign: str, seed: int, size: int = 8) -> None:
        self.running = running
        self.code = code
        self.campaign = campaign
        self.chance = random.Random(seed)
        self.members = [Member(running, code) for _ in range(size)]
        self.accepted: dict[str, dict[str, str]] = {"comment": {}, "vote": {}, "campaign": {}}
        self.refused: Counter[str] = Counter()
        self.tries = 0
        self.longest = 0.0
        self._calm = asyncio.Event()
        self._staying: list[asyncio.Task[None]] = []
        self._acting: list[asyncio.Task[None]] = []

    async def gather(self) -> None:
        for member in self.members:
            self.come_in(member)
        await asyncio.gather(*(member.seated.wait() for member in self.members))
        asked = {"text": "Will the reef recover?", "nick": "Bo", "kind": "question"}
        await self._until_answered(self.members[0], "comment", {"once": once(), **asked})
        async with asyncio.timeout(SETTLE_SECONDS):
            while not all(member.questions for member in self.members):
                await asyncio.sleep(0.05)

    def come_in(self, member: Member) -> None:
        self._staying.append(asyncio.create_task(member.stay()))

    def act(self, pause: float = 1.0) -> None:
        """Everybody does something every `pause` seconds or so, until `settle`."""
        self._calm.clear()
        self._acting = [asyncio.create_task(self._act(member, pause)) for member in self.members]

    async def settle(self) -> None:
        """Nothing new; return when all that was begun is answered."""
        self._calm.set()
        async with asyncio.timeout(SETTLE_SECONDS):
            await asyncio.gather(*(task for task in self._acting if not task.cancelled()))

    async def freeze(self) -> None:
        """Whoever has no answer yet tries no more; `check_answered` then sees whether that was right."""
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting, return_exceptions=True)

    async def leave(self) -> None:
        for task in self._staying:
            task.cancel()
        await asyncio.gather(*self._staying, return_exceptions=True)
        await asyncio.gather(*(member.hang_up() for member in self.members))

    async def _act(self, member: Member, pause: float) -> None:
        while not self._calm.is_set():
            kind, fields = self._idea(member)
            await self._until_answered(member, kind, {"once": once(), **fields})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._calm.wait(), self.chance.uniform(0.2, 1.8) * pause)

    def _idea(self, member: Member) -> tuple[str, dict[str, Any]]:
        dice = self.chance.random()
        if dice < 0.25 and member.questions:
            return "vote", {"question": self.chance.choice(sorted(member.questions)), "up": dice < 0.2}
        if dice < 0.5:
            act = {
                "type": "log_trip", "date": time.strftime("%Y-%m-%d", time.gmtime()), "mode": "bike",
                "km": self.chance.randint(1, 9), "team": self.chance.choice(["Blue", "Green"]),
            }  # fmt: skip
            return "campaign", {"campaign": self.campaign, "act": act}
        text = f"there are {self.chance.randint(2, 9999)} fish 真好看"  # nothing like a number to call
        return "comment", {"text": text, "nick": "Ann", "kind": "question" if dice > 0.85 else "comment"}

    async def _until_answered(self, member: Member, kind: str, fields: dict[str, Any]) -> None:
        begun = time.monotonic()
        while True:
            self.tries += 1
            answer = await member.ask(kind, fields)
            if answer is not None and answer["ok"]:
                self.accepted[kind][fields["once"]] = answer["id"]
                break
            if answer is not None and answer["error"]["code"] not in TRANSIENT | {"rate"}:
                self.refused[f"{kind}: {answer['error']['code']}"] += 1
                break
            await asyncio.sleep((answer or {"error": {}})["error"].get("retry_after") or AGAIN_SECONDS)
        self.longest = max(self.longest, time.monotonic() - begun)

    # ── afterwards ───────────────────────────────────────────────────────────────────────────────

    async def check(self) -> None:
        """All that was accepted is in the log once, judged once, on every screen once in order, and on the boards."""
        store = connect(self.running.store)
        try:
            entries = await self._all_judged(store)
            self._check_log(entries, [entry async for entry in campaign_log(store, self.campaign, TRAVEL.facts).all()])
            await self._check_screens(_shown(entries))
            await self._check_boards(store)
        finally:
            await store.aclose()

    async def check_answered(self) -> None:
        """Whatever is in the log was acknowledged."""
        store = connect(self.running.store)
        try:
            entries = [entry async for entry in broadcast_log(store, self.code).all()]
            self._check_log(entries, [entry async for entry in campaign_log(store, self.campaign, TRAVEL.facts).all()])
        finally:
            await store.aclose()

    async def _all_judged(self, store: Any) -> list[Entry]:
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                entries = [entry async for entry in broadcast_log(store, self.code).all()]
                said = {entry.id for entry in entries if _kind(entry) == "comment_submitted"}
                judged = Counter(entry.fact.comment for entry in entries if _kind(entry) == "comment_judged")
                assert max(judged.values(), default=1) == 1, "a comment has two verdicts"
                if said == set(judged):
                    return entries
                await asyncio.sleep(0.2)

    def _check_log(self, entries: list[Entry], campaign: list[Entry]) -> None:
        """Every attempt ended with an answer, so there must be as many entries as acceptances, and the very ones."""
        of_kind = {
            "comment": [entry.id for entry in entries if _kind(entry) == "comment_submitted"],
            "vote": [entry.id for entry in entries if _kind(entry) == "question_voted"],
            "campaign": [entry.id for entry in campaign if _kind(entry) == "trip_logged"],
        }
        for kind, ids in of_kind.items():
            assert sorted(ids) == sorted(self.accepted[kind].values()), f"{kind}: log and acknowledgements differ"
        assert not [entry for entry in entries if _kind(entry) == "viewer_restricted"], "honest people are not slowed"
        onces = [entry.fact.once for entry in entries if _kind(entry) == "comment_submitted"]
        assert len(onces) == len(set(onces))
        assert set(self.refused) <= {"vote: conflict"}, self.refused

    async def _check_screens(self, shown: list[str]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                while any(member.shown[-1:] != shown[-1:] for member in self.members):
                    await asyncio.sleep(0.05)
        for member in self.members:
            assert member.complaints == []
            assert member.shown == (shown[-len(member.shown) :] if member.resets else shown)

    async def _check_boards(self, store: Any) -> None:
        state = TRAVEL.initial()
        members: set[str] = set()
        ends = ""
        async for entry in campaign_log(store, self.campaign, TRAVEL.facts).all():
            members.update(TRAVEL.evolve(state, entry))
            ends = entry.id
        async with asyncio.timeout(30):
            while await cursor(store, self.campaign) != ends:
                await asyncio.sleep(0.05)
        reading = await read_boards(store, self.campaign, TRAVEL, rows=0)
        wanted = {team: km for team, km in TRAVEL.scores(state, members)["km"].items() if km > 0}
        assert {row.member: row.values["km"] for row in reading.rankings["km"]} == wanted

    @property
    def summary(self) -> str:
        counts = {kind: len(ids) for kind, ids in self.accepted.items()}
        said = f"{counts['comment']} comments, {counts['vote']} votes, {counts['campaign']} trips"
        returns = sum(member.returns for member in self.members)
        return f"{said} accepted once in {self.tries} tries; {returns} returns; longest wait {self.longest:.1f} s"


def _kind(entry: Entry) -> str:
    return str(entry.fact.__struct_config__.tag) if entry.fact is not None else ""


def _shown(entries: list[Entry]) -> list[str]:
    """In the order in which they became visible (nobody decides by hand here)."""
    return [
        entry.fact.comment
        for entry in entries
        if _kind(entry) == "comment_judged" and entry.fact.action in ("publish", "annotate")
    ]
