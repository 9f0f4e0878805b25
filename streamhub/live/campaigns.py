"""Campaigns as this process sees them: the module's state (to decide), and the boards (to show).

The state is folded from the campaign's log; the rankings are read from the boards that the board worker
keeps, so a page may show a board that is some milliseconds older than one's own trip; `as_of` says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamhub.campaign import Actor, CampaignModule
from streamhub.campaign_facts import CampaignClosed, CampaignCreated, CampaignOpened
from streamhub.commands import CampaignAct, Refused, refusal_of, refuse
from streamhub.live.admission import Person
from streamhub.record.boards import cursor, read_boards
from streamhub.record.log import Log, NotRecorded, campaign_log, stop_following
from streamhub.record.primary import Forked
from streamhub.state import policy as policy_
from streamhub.state.projection import START, Entry, position
from streamhub.wire import Accepted, CampaignView

log = logging.getLogger(__name__)

WAIT_MS = 2000
BOARD_LAG_MS = 100
"""While the boards are behind the log they are looked at this often."""

RETRY_SECONDS = 0.5
REACH_SECONDS = 3.0

Announce = Callable[[CampaignView], Awaitable[None]]


class LiveCampaign:
    """One campaign, followed. `created` is its first fact."""

    def __init__(
        self, created: CampaignCreated, module: CampaignModule[Any], store: Redis, follower: Redis, announce: Announce
    ) -> None:
        self.created = created
        self.module = module
        self.status = "scheduled"
        self.as_of = START
        self.state = module.initial()
        self.policy = policy_.Policy()
        """Of this only the words and their changes are a campaign's."""
        self._store = store
        self._log: Log = campaign_log(follower, created.id, module.facts)
        self._announce = announce
        self._shown = START
        self._advanced = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        async for entry in campaign_log(self._store, self.created.id, self.module.facts).all():
            self._evolve(entry)
        self._task = asyncio.create_task(self._follow(), name=f"follow campaign {self.created.id}")

    async def close(self) -> None:
        await stop_following(self._task)

    @property
    def broken(self) -> bool:
        return self._task is not None and self._task.done()

    async def view(self) -> CampaignView:
        reading = await read_boards(self._store, self.created.id, self.module)
        return CampaignView(
            id=self.created.id,
            title=self.created.title,
            module=self.created.module,
            status=self.status,
            as_of=reading.as_of,
            starts_on=self.created.starts_on,
            ends_on=self.created.ends_on,
            units={board.name: board.unit for board in self.module.boards},
            rankings=dict(reading.rankings),
            figures=reading.figures,
            basis=self.module.basis,
            simulated=self.created.simulated,
        )

    async def reached(self, entry_id: str) -> None:
        """Return once the state contains this entry; raises TimeoutError."""
        async with asyncio.timeout(REACH_SECONDS), self._advanced:
            await self._advanced.wait_for(lambda: position(self.as_of) >= position(entry_id))

    def decide(self, act: Any, actor: Actor) -> Sequence[Any]:
        """The facts that the act leads to, one at least; raises Refused. What a closed campaign still takes (the
        review of the last day's trips) is the module's to say."""
        facts = self.module.decide(self.state, act, actor=actor, now=int(time.time() * 1000))
        if not facts:
            raise refuse("conflict", "nothing changed")
        return facts

    def mine(self, person: Person) -> dict[str, object]:
        return dict(self.module.mine(self.state, person.viewer))

    async def _start_over(self) -> None:
        """Nobody decides on a half of it: what was known stands until all is known again."""
        anew = LiveCampaign(self.created, self.module, self._store, self._log.store, self._announce)
        kept = campaign_log(self._store, self.created.id, self.module.facts)
        with contextlib.suppress(RedisError, OSError, TimeoutError):  # else it is noticed again
            async for entry in kept.all():
                anew._evolve(entry)
            self.state, self.as_of, self.status, self.policy = anew.state, anew.as_of, anew.status, anew.policy

    def _evolve(self, entry: Entry) -> None:
        match entry.fact:
            case CampaignOpened():
                self.status = "open"
            case CampaignClosed():
                self.status = "closed"
        self.module.evolve(self.state, entry)
        policy_.evolve(self.policy, entry)
        self.as_of = entry.id

    async def _follow(self) -> None:
        while True:
            behind = position(self._shown) < position(self.as_of)
            try:
                entries = await self._log.wait(self.as_of, BOARD_LAG_MS if behind else WAIT_MS)
                for entry in entries:
                    self._evolve(entry)
                async with self._advanced:
                    self._advanced.notify_all()
                now_at = await cursor(self._store, self.created.id)
                if now_at != self._shown:
                    view = await self.view()
                    self._shown = view.as_of
                    await self._announce(view)
            except Forked:
                log.warning("campaign %s: the log lost its end in a fail-over; starting over", self.created.id)
                await self._start_over()
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("campaign %s: cannot read (%s), trying again", self.created.id, type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)


def _broken(opening: asyncio.Task[LiveCampaign]) -> bool:
    """True if it was opened and following ended by itself, a fault of ours: it is then opened anew."""
    loaded = opening.done() and not opening.cancelled() and opening.exception() is None
    return loaded and opening.result().broken


def actor_of(person: Person, code: str) -> Actor:
    via: Literal["web", "form"] = "form" if person.via == "form" else "web"
    return Actor(person=person.viewer, role=person.role_in(code), via=via)


class Campaigns:
    """The campaigns that this process has been asked about; each is loaded once."""

    def __init__(
        self, store: Redis, follower: Redis, modules: Mapping[str, CampaignModule[Any]], announce: Announce
    ) -> None:
        self._store = store
        self._follower = follower
        self._modules = modules
        self._announce = announce
        self._live: dict[str, asyncio.Task[LiveCampaign]] = {}

    async def get(self, campaign: str) -> LiveCampaign:
        """Raises Refused("unknown")."""
        opening = self._live.get(campaign)
        if opening is None or _broken(opening):
            opening = self._live[campaign] = asyncio.create_task(self._open(campaign))
        try:
            return await asyncio.shield(opening)
        except BaseException:
            if self._live.get(campaign) is opening and opening.done():
                del self._live[campaign]
            raise

    async def view(self, campaign: str) -> CampaignView:
        return await (await self.get(campaign)).view()

    async def mine(self, campaign: str, person: Person) -> Mapping[str, Any]:
        live = await self.get(campaign)
        return live.mine(person)

    async def record(self, person: Person, code: str, command: CampaignAct) -> Accepted:
        """Decode the act by its module, decide, append; the answer carries the person's own view after it."""
        live = await self.get(command.campaign)
        try:
            act = msgspec.convert(command.act, live.module.acts, strict=False)
        except msgspec.ValidationError as error:
            raise refuse(**msgspec.structs.asdict(refusal_of(error))) from None
        kept = campaign_log(self._store, command.campaign, live.module.facts)
        once = f"{person.viewer}:{command.once}"
        try:
            facts = live.decide(act, actor_of(person, code))
        except Refused:
            if earlier := await kept.known(once):  # a retry of what was accepted is not refused afterwards
                return Accepted(id=earlier, repeated=True, mine=live.mine(person))
            raise
        try:
            done = await kept.append(*facts, once=once)
        except NotRecorded as error:
            raise refuse("unavailable", error.advice) from None
        with contextlib.suppress(TimeoutError):  # recorded all the same; only `mine` may lag
            await live.reached(done.id)
        return Accepted(id=done.id, repeated=not done.fresh, mine=live.mine(person))

    async def close(self) -> None:
        for opening in self._live.values():
            for live in await asyncio.gather(opening, return_exceptions=True):
                if isinstance(live, LiveCampaign):
                    await live.close()

    async def _open(self, campaign: str) -> LiveCampaign:
        first = await campaign_log(self._store, campaign).read(count=1)
        created = first[0].fact if first else None
        if not isinstance(created, CampaignCreated):
            raise refuse("unknown", f"there is no campaign {campaign}", field="campaign")
        module = self._modules.get(created.module)
        if module is None:
            raise refuse("unknown", f"this server has no module {created.module}", field="module")
        live = LiveCampaign(created, module, self._store, self._follower, self._announce)
        await live.open()
        return live
