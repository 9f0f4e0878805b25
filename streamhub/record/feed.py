"""New entries of many logs over one connection: the store tells of each as it is appended, and nobody asks.

One `Feed` per hub process, opened by `live/hub.py`; each room follows its log through it. What is told is only
a shortcut: an entry names the one before it, so that a gap is noticed, and whatever is in doubt is read from the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import deque

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from streamhub.record.log import READ_COUNT, Log, Row, stop_following
from streamhub.record.primary import durability_of, on_primary
from streamhub.state.projection import Entry, position

log = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
"""In a silence of so long the store is asked whether it is there; after as much again it is taken for lost."""

RETRY_SECONDS = 0.5
ANSWER_SECONDS = 3.0

LOOK_SECONDS = 2.0
"""How often a log is read, whatever is told, where the store is several servers."""

WAITING_LIMIT = 4096
"""Entries told and not taken yet, per log; above it they are forgotten and read from the log."""

_ITSELF = "streamhub:feed"
"""A channel that nobody writes to, so that there is always something that the connection waits for."""


class FeedLost(ConnectionError):
    """The connection broke, or what was told does not follow on what is known: the log may have gone on unseen, or
    the store has come back with another history."""


class Following:
    """One log as it grows. `next` is for one caller."""

    def __init__(self, feed: Feed, log_: Log) -> None:
        self._feed = feed
        self._log = log_
        self.key = log_.key.encode()
        self._told: deque[tuple[str, Row]] = deque()
        self._news = asyncio.Event()
        self._in_doubt = True
        self.confirmed = asyncio.Event()

    async def next(self, after: str, seconds: float | None) -> list[Entry]:
        """Entries after a position, in order, without gaps: as soon as there are some, or none after `seconds` or
        `wake`; where there are `READ_COUNT`, there may be more. Raises FeedLost, and what reading a log raises."""
        self._pass(after)
        if not self._in_doubt and not self._told:
            await self._sleep(seconds)
        self._news.clear()
        if not self.confirmed.is_set():
            raise FeedLost("the store's announcements broke off")
        self._pass(after)
        rows: list[Row] = []
        while self._told and not self._in_doubt and len(rows) < READ_COUNT:
            before, row = self._told.popleft()
            if position(before) < position(after):
                self._in_doubt = True
                raise FeedLost("the log is not the one that was followed")
            self._in_doubt = before != after
            if not self._in_doubt:
                rows.append(row)
                after = row[0].decode()
        entries = self._log.decode(rows)
        if self._in_doubt:
            entries += await self._rest(after)
        return entries

    async def _sleep(self, seconds: float | None) -> None:
        """Until there is news. Among several servers what is told passes from one to another and may be lost on the
        way, and the last of it would not be missed: so each log is looked at now and then."""
        several = durability_of(self._log.store).fails_over
        patience = min(seconds or LOOK_SECONDS, LOOK_SECONDS) if several else seconds
        try:
            await asyncio.wait_for(self._news.wait(), patience)
        except TimeoutError:
            self._in_doubt = self._in_doubt or several

    async def _rest(self, after: str) -> list[Entry]:
        """What the log has, whatever was told; still in doubt if that is more than one read gives."""
        self._in_doubt = False
        try:
            entries = await self._log.read_on(after)
        except BaseException:
            self._in_doubt = True
            raise
        self._in_doubt = len(entries) == READ_COUNT
        return entries

    def _pass(self, after: str) -> None:
        """Forget what was told and has been read from the log since."""
        while self._told and position(self._told[0][1][0].decode()) <= position(after):
            self._told.popleft()

    def wake(self) -> None:
        """Let `next` return now."""
        self._news.set()

    async def close(self) -> None:
        await self._feed.leave(self)

    def tell(self, before: bytes, row: Row) -> None:
        if len(self._told) == WAITING_LIMIT:
            self._told.clear()
            self._in_doubt = True
        self._told.append((before.decode(), row))
        self._news.set()

    def lost(self) -> None:
        self.confirmed.clear()
        self._told.clear()
        self._in_doubt = True
        self._news.set()


class Feed:
    """`follower` is a client whose broken connections are not silently replaced (`store.connect_follower`)."""

    def __init__(self, follower: Redis) -> None:
        self._follower = follower
        self._followings: dict[bytes, Following] = {}
        self._listening: AbstractConnection | None = None
        self._heard = False
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._keep_listening(), name="feed")

    async def close(self) -> None:
        await stop_following(self._task)

    async def follow(self, log_: Log) -> Following:
        """Every entry appended from now on is told. One follower for each log: a later one takes the place of an
        earlier. Raises FeedLost if the store does not answer."""
        following = Following(self, log_)
        self._followings[following.key] = following
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._listening is not None:
                    await self._subscribe(self._listening, log_.key)
                await following.confirmed.wait()
        except (RedisError, OSError, TimeoutError) as error:
            await self.leave(following)
            raise FeedLost(f"{log_.key}: {type(error).__name__}") from error
        return following

    async def leave(self, following: Following) -> None:
        """Nothing more is told to it; somebody else who has begun to follow the same log meanwhile is not disturbed."""
        if self._followings.get(following.key) is not following:
            return
        del self._followings[following.key]
        if self._listening is not None:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._listening.send_command("UNSUBSCRIBE", following.key, check_health=False)

    async def _keep_listening(self) -> None:
        while True:
            try:
                await on_primary(self._follower, _ITSELF, self._hear)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("the feed broke off (%s), trying again", type(error).__name__)
            except Exception:  # a hub without its feed would be mute: whatever it was, begin anew
                log.exception("the feed failed, beginning anew")
            finally:
                self._listening = None
                for following in self._followings.values():
                    following.lost()
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, server: Redis) -> None:
        """Over a bare connection: a client's `PubSub` would cost each message several times what is done with it."""
        pool = server.connection_pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await self._subscribe(connection, _ITSELF)
            self._listening = connection  # from here on `follow` subscribes by itself
            if self._followings:
                await self._subscribe(connection, *self._followings)
            await self._listen(connection)
        finally:
            await connection.disconnect(nowait=True)
            await pool.release(connection)

    async def _subscribe(self, connection: AbstractConnection, *keys: str | bytes) -> None:
        await connection.send_command("SUBSCRIBE", *keys, check_health=False)

    async def _listen(self, connection: AbstractConnection) -> None:
        """Raises when the connection breaks or nothing comes of it any more."""
        async with asyncio.timeout(None) as patience:
            beating = asyncio.create_task(self._beat(connection, patience), name="feed's beat")
            try:
                while True:
                    self._take(await connection.read_response(timeout=math.inf, disconnect_on_error=False))
                    self._heard = True
            finally:
                beating.cancel()

    async def _beat(self, connection: AbstractConnection, patience: asyncio.Timeout) -> None:
        """In a silence ask whether the store is there; when nothing comes of that either, end the listening."""
        asked = False
        with contextlib.suppress(RedisError, OSError):
            while self._heard or not asked:
                asked, self._heard = not self._heard, False
                if asked:
                    await connection.send_command("PING", check_health=False)
                await asyncio.sleep(BEAT_SECONDS)
        patience.reschedule(asyncio.get_running_loop().time())

    def _take(self, told: list[bytes]) -> None:
        kind, channel, content = told[0], told[1], told[-1]
        following = self._followings.get(channel)
        if following is None:
            return
        if kind == b"message":
            before, entry_id, fact = content.split(b" ", 2)
            following.tell(before, (entry_id, {b"f": fact}))
        elif kind == b"subscribe":
            following.confirmed.set()
