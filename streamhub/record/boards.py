"""Rankings of campaigns: sorted sets that one follower per campaign keeps up with the log.

`run` is the board worker (`streamhub boards`); `read_boards` and `cursor` are for the hub. Guarantees: scores,
totals and the log position that they show change in one atomic step; the position never goes back, so any
number of workers may run, die and come back; everything here can be deleted and is written again from the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Any, NamedTuple, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.campaign import CampaignModule, Figure
from streamhub.campaign_facts import CampaignCreated
from streamhub.record import directory
from streamhub.record.log import SLICE, Log, Row, campaign_key, campaign_log, stop_following
from streamhub.record.primary import Forked, read_on
from streamhub.record.store import connect, connect_follower
from streamhub.state.projection import START, position
from streamhub.wire import BoardRow

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""How often the worker looks for new campaigns."""

WAIT_MS = 2000
"""How long one blocking read waits; afterwards the boards are compared with the log. Below the socket timeout."""

TICK_SECONDS = 0.05
"""At most one write per campaign in this time: a rush of trips becomes one write."""

BACK_OFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Waits while the store cannot be reached; the last one goes on."""

MEND_SECONDS = 30.0
"""How long the boards of one campaign rest after its module failed, before they are folded anew."""

CAMPAIGN_LIMIT = 1000
"""Campaigns that one worker follows, newest first: each takes a connection and its state in memory."""

ROWS = 50
"""Rows of a ranking, unless the reader asks for another number."""

_WRITE = files("streamhub.record").joinpath("boards_write.lua").read_text("utf-8")
_READ = files("streamhub.record").joinpath("boards_read.lua").read_text("utf-8")
_UNREACHABLE = (RedisError, OSError, TimeoutError)


class BoardReading(NamedTuple):
    """What the boards show at the log position `as_of`. `rankings`: ranked board -> rows, best first."""

    as_of: str
    rankings: dict[str, tuple[BoardRow, ...]]
    figures: tuple[Figure, ...]


async def run(store_url: str, modules: Sequence[CampaignModule[Any]], *, stop: asyncio.Event) -> None:
    """Keep the boards of all campaigns until `stop` is set. An unreachable store is waited for."""
    known = {module.name: module for module in modules}
    store, follower = connect(store_url), connect_follower(store_url)
    keepers: dict[str, asyncio.Task[None]] = {}
    try:
        failures = 0
        while not stop.is_set():
            try:
                for campaign in (await directory.campaigns(store))[:CAMPAIGN_LIMIT]:
                    if campaign not in keepers:
                        keepers[campaign] = asyncio.create_task(_keep(store, follower, campaign, known))
                failures = 0
            except _UNREACHABLE as error:
                failures += 1
                _say_unreachable(failures, "the list of campaigns", error)
            await _pause(stop, _back_off(failures) if failures else LOOK_SECONDS)
    finally:
        await stop_following(*keepers.values())
        await store.aclose()
        await follower.aclose()


async def read_boards(
    store: Redis, campaign: str, module: CampaignModule[Any], *, rows: int = ROWS, also: Sequence[str] = ()
) -> BoardReading:
    """The best `rows` (0: all) of each ranked board with all columns, at one log position. `also` names members who are
    included with their rank wherever they stand. A column where a member has nothing is 0."""
    names = [board.name for board in module.boards]
    ranked = [number for number, board in enumerate(module.boards, start=1) if board.ranked]
    answer = cast(
        "list[Any]",
        await store.eval(_READ, len(names) + 1, *_keys(campaign, names), rows, len(ranked), *ranked, *also),
    )
    as_of, figures, rankings = answer
    return BoardReading(
        as_of.decode() if as_of else START,
        {names[at - 1]: tuple(_ranking(found, names)) for at, found in zip(ranked, rankings, strict=True)},
        msgspec.json.decode(figures, type=tuple[Figure, ...]) if figures else (),
    )


async def cursor(store: Redis, campaign: str) -> str:
    """The log position that the boards of a campaign show; START where there are none."""
    kept = cast("bytes | None", await store.hget(_head(campaign), "cursor"))
    return kept.decode() if kept else START


def _ranking(found: list[Any], names: Sequence[str]) -> Iterator[BoardRow]:
    rows = [
        BoardRow(
            rank=rank,
            member=member.decode(),
            values={name: float(score or 0) for name, score in zip(names, scores, strict=True)},
        )
        for member, rank, scores in zip(*(iter(found),) * 3, strict=True)
    ]
    yield from sorted(rows, key=lambda row: (row.rank, row.member))


def _head(campaign: str) -> str:
    return campaign_key(campaign, "boards")


def _keys(campaign: str, names: Sequence[str]) -> list[str]:
    return [_head(campaign), *(campaign_key(campaign, f"board:{name}") for name in names)]


# ── the follower of one campaign ─────────────────────────────────────────────────────────────────


async def _keep(store: Redis, follower: Redis, campaign: str, known: Mapping[str, CampaignModule[Any]]) -> None:
    """Follow one campaign for ever. What fails in a module stops its campaign for a while, not the others."""
    failures = 0
    keeper: _Keeper | None = None
    while True:
        try:
            if keeper is None:
                module = await _module_of(store, campaign, known)
                if module is None:
                    return
                keeper = _Keeper(store, follower, campaign, module)
            await keeper.step()
            failures = 0
            await asyncio.sleep(TICK_SECONDS)
        except Forked:
            log.warning("campaign %s: the log lost its end in a fail-over; boards are made anew", campaign)
            keeper = None
            with suppress(*_UNREACHABLE):
                await store.delete(_head(campaign))
        except _UNREACHABLE as error:
            failures += 1
            _say_unreachable(failures, f"campaign {campaign}", error)
            await asyncio.sleep(_back_off(failures))
        except Exception:
            # A module's mistake is said, with campaign and position, and must not stop the other campaigns.
            log.exception("boards of %s stopped at %s", campaign, keeper.at if keeper else START)
            keeper = None
            await asyncio.sleep(MEND_SECONDS)


async def _module_of(
    store: Redis, campaign: str, known: Mapping[str, CampaignModule[Any]]
) -> CampaignModule[Any] | None:
    """The module that the campaign was created with; None (said once) if this worker does not have it."""
    for entry in await campaign_log(store, campaign).read(count=1):
        if isinstance(entry.fact, CampaignCreated) and entry.fact.module in known:
            return known[entry.fact.module]
    log.warning("campaign %s names a module that is not here: no boards", campaign)
    return None


class _Keeper:
    """The state of one campaign at `at`, and what of it is not on the boards yet.

    `since` is the position up to which the boards are known to be complete; "" if that is not known."""

    def __init__(self, store: Redis, follower: Redis, campaign: str, module: CampaignModule[Any]) -> None:
        self.module = module
        self.at = START
        self._store = store
        self._follower = follower
        self._campaign = campaign
        self._log: Log = campaign_log(store, campaign, module.facts)
        self._state = module.initial()
        self._members: set[str] = set()
        self._changed: set[str] = set()
        self._since = ""
        self._names = [board.name for board in module.boards]
        self._write = store.register_script(_WRITE)

    async def step(self) -> None:
        """Wait for news, fold all there is, write once. Safe to repeat from anywhere inside."""
        if self._since == self.at:
            await self._wait()
        while await self._fold():
            pass
        if self._since != self.at:
            await self._publish()

    async def _wait(self) -> None:
        """Return at once when the log goes on; otherwise see to it that the boards still say what they should."""
        news = await read_on(self._follower, self._log.key, self.at, count=1, block_ms=WAIT_MS)
        if not news and position(await cursor(self._store, self._campaign)) < position(self.at):
            self._since = ""

    async def _fold(self) -> bool:
        """Fold the next entries, a slice of them. The position also passes those that this version cannot read."""
        rows = cast("list[Row]", await self._store.xrange(self._log.key, min=f"({self.at}", count=SLICE))
        for entry in self._log.decode(rows):
            self._changed.update(self.module.evolve(self._state, entry))
        if rows:
            self.at = rows[-1][0].decode()
        return len(rows) == SLICE

    async def _publish(self) -> None:
        """Write what changed, or everything where the boards may lack something."""
        self._members |= self._changed
        answer = await self._send(self._changed if self._since else self._members)
        if answer == b"behind":
            self._since = ""
            answer = await self._send(self._members)
        self._changed.clear()
        self._since = self.at

    async def _send(self, members: set[str]) -> bytes:
        scores = self.module.scores(self._state, members)
        triples = [
            part
            for number, name in enumerate(self._names, start=1)
            for member, score in scores.get(name, {}).items()
            for part in (number, member, repr(float(score)))
        ]
        figures = msgspec.json.encode(self.module.figures(self._state))
        return cast(
            "bytes",
            await self._write(keys=_keys(self._campaign, self._names), args=[self.at, self._since, figures, *triples]),
        )


def _say_unreachable(failures: int, what: str, error: BaseException) -> None:
    if failures == 1:
        log.warning("boards wait for the store (%s): %s", what, type(error).__name__)


def _back_off(failures: int) -> float:
    return BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS)) - 1]


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
