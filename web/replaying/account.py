"""The account of a replay: what was sent, and what became of it, counted from the broadcast's own log.

`Watcher` reads the log over HTTP while the player plays. Called by `streamhub replay`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Collection

import msgspec

from streamhub.facts import BroadcastFact, CommentDecided, CommentJudged, CommentSubmitted, DecisionUndone
from streamhub.state import comments
from streamhub.state.projection import START, Entry
from web.client import Client, Failed
from web.replaying.player import Player, Stopped
from web.replaying.recording import Malformed, Recording

POLL_SECONDS = 0.5


class Summary(msgspec.Struct, kw_only=True):
    """What `streamhub replay --json` prints. `sent` had an answer: `accepted + refused`.

    `accepted` includes `repeated`, which an earlier replay had said. `shown + held + rejected + waiting`
    are what became of the accepted ones by the end of the waiting time."""

    broadcast: str
    file: str
    comments: int
    sent: int = 0
    accepted: int = 0
    repeated: int = 0
    refused: int = 0
    shown: int = 0
    held: int = 0
    rejected: int = 0
    waiting: int = 0
    malformed: int = 0
    viewers: int = 0
    seconds: float = 0.0
    malformed_lines: list[Malformed] = []
    refused_lines: list[Malformed] = []
    interrupted: bool = False
    stopped: str = ""
    """Why it ended early; "" if it did not."""

    @classmethod
    def of(cls, recording: Recording, code: str) -> Summary:
        return cls(
            broadcast=code,
            file=recording.name,
            comments=len(recording.said),
            malformed=len(recording.malformed),
            malformed_lines=recording.malformed,
        )

    def take(self, player: Player) -> None:
        self.sent, self.accepted, self.repeated = player.sent, player.accepted, player.repeated
        self.refused, self.refused_lines = len(player.refused), sorted(player.refused, key=lambda each: each.line)
        self.viewers, self.seconds = len(player.viewers), player.seconds
        if player.interrupted:
            self.interrupted, self.stopped = True, "Interrupted: repeat the command to say the rest."


class _LogLine(msgspec.Struct):
    id: str
    fact: BroadcastFact


_DECODER = msgspec.json.Decoder(_LogLine)
_RELEVANT = (CommentSubmitted, CommentJudged, CommentDecided, DecisionUndone)


class _Broadcast(msgspec.Struct):
    status: str


class _Answer(msgspec.Struct):
    broadcast: _Broadcast


class Watcher:
    """Follows one broadcast's log and folds the comments, by the same law as the hub."""

    def __init__(self, client: Client, code: str, summary: Summary) -> None:
        self._client = client
        self._base = f"/api/broadcasts/{code}"
        self._code = code
        self._summary = summary
        self._after = START
        self._comments = comments.Comments()

    def series(self, recording: Recording, again: bool) -> str:
        """What distinguishes this replay from another of the same comments."""
        return secrets.token_hex(8) if again else recording.name

    async def check_open(self) -> None:
        """Raises Stopped unless the broadcast is there and open."""
        try:
            found = msgspec.json.decode(await self._client.get(self._base), type=_Answer).broadcast.status
        except Failed as error:
            raise Stopped(str(error)) from error
        except msgspec.MsgspecError:
            raise Stopped(f"{self._client.url} does not answer as a StreamHub server does.") from None
        if found != "open":
            raise Stopped(f"{self._code} is {found}: open it first with `streamhub broadcast open {self._code}`.")

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Reads along, so that little is left to read at the end."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def settle(self, ids: Collection[str], seconds: float) -> None:
        """Wait until each of these comments has a verdict, at most so long, and count them."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(Failed):
                await self._read()
            self._count(ids)
            if not self._summary.waiting or time.monotonic() >= deadline:
                return
            await asyncio.sleep(POLL_SECONDS)

    def _count(self, ids: Collection[str]) -> None:
        counts = {"shown": 0, "held": 0, "rejected": 0, "waiting": 0}
        for each in ids:
            found = self._comments.by_id.get(each)
            counts[found.status if found else "waiting"] += 1
        summary = self._summary
        summary.shown, summary.held = counts["shown"], counts["held"]
        summary.rejected, summary.waiting = counts["rejected"], counts["waiting"]

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(Failed):
                await self._read()
            await asyncio.sleep(POLL_SECONDS)

    async def _read(self) -> None:
        """Everything after what was read, up to the log's current end."""
        async for line in self._client.lines(f"{self._base}/log", after=self._after):
            self._fold(line)

    def _fold(self, line: bytes) -> None:
        try:
            found = _DECODER.decode(line)
        except msgspec.MsgspecError:
            return  # a kind of fact that this version does not know, or a line cut by a lost connection
        if isinstance(found.fact, _RELEVANT):
            comments.evolve(self._comments, Entry(found.id, found.fact))
        self._after = found.id
