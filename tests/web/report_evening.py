"""A small evening on the reef with known times, written entry by entry: the tests count it by hand."""

from __future__ import annotations

from typing import Any

import msgspec
from redis.asyncio import Redis

from campaigns.travel.facts import TripLogged, TripReviewed, TripWithdrawn
from streamhub.campaign_facts import CampaignCreated, CampaignOpened
from streamhub.facts import (
    BroadcastClosed,
    BroadcastCreated,
    BroadcastEdited,
    BroadcastOpened,
    CommentDecided,
    CommentJudged,
    CommentSubmitted,
    DecisionUndone,
    Note,
    QuestionMoved,
    QuestionVoted,
    Reason,
    ViewerJoined,
)
from streamhub.record.log import broadcast_key, campaign_key

EVENING, WEEK = "REEF", "WEEK"
OPENED = 1_795_345_200_000
"""2026-11-22 19:00 in Shanghai."""
NINE = OPENED + 2 * 3_600_000

CARD = Note(
    claim="CORAL-01", claim_zh="白化的珊瑚已经死了", claim_en="Bleached coral is dead",
    fact_zh="还活着。", fact_en="It lives.", source="NOAA 2024", url="javascript:alert(1)",
)  # fmt: skip


def at(minute: float) -> int:
    return OPENED + round(minute * 60_000)


class Writer:
    """Appends with a given time (minutes after the opening), so that tests know every id."""

    def __init__(self, store: Redis, key: str) -> None:
        self._store, self._key = store, key

    async def __call__(self, minute: float, fact: Any) -> str:
        added = await self._store.xadd(self._key, {"f": msgspec.json.encode(fact)}, id=f"{at(minute)}-*")
        return bytes(added).decode()

    async def say(self, minute: float, viewer: str, text: str, kind: Any = "comment", simulated: bool = False) -> str:
        said = CommentSubmitted(viewer=viewer, nick=f"nick {viewer.upper()}", text=text, kind=kind, simulated=simulated)
        return await self(minute, said)

    async def judge(self, minute: float, comment: str, action: Any, *codes: Any, note: Note | None = None) -> str:
        reasons = tuple(Reason(code=code) for code in codes)
        return await self(minute, CommentJudged(comment=comment, action=action, reasons=reasons, note=note))

    async def decide(self, minute: float, comment: str, action: Any) -> str:
        return await self(minute, CommentDecided(comment=comment, action=action, by="host"))


async def write_evening(store: Redis, *, twice: bool = False) -> None:
    """`twice`: the campaign's first trip is in its log a second time."""
    w = Writer(store, broadcast_key(EVENING))
    await w(-10, BroadcastCreated(code=EVENING, title="The reef", by="o"))
    await w(-9, BroadcastEdited(by="o", title="The reef, live"))
    await w(-8, BroadcastEdited(by="o", campaigns=(WEEK,)))
    await w(0, BroadcastOpened(by="o"))
    for viewer in ("v-a", "v-b", "v-silent"):
        await w(1, ViewerJoined(viewer=viewer))
    await _questions(w)
    await _comments(w)
    await w(60, BroadcastClosed(by="o"))
    await _trips(Writer(store, campaign_key(WEEK)), twice)


async def _questions(w: Writer) -> None:
    """One answered, two outstanding (one of them answered by mistake, undone), one rejected."""
    why = await w.say(20, "v-a", "为什么珊瑚会变白？", "question")
    late = await w.say(20.1, "v-b", "Is it too late?", "question")
    what = await w.say(20.2, "v-c", "What can I do <b>now</b>?", "question")
    spam = await w.say(20.3, "v-d", "buy my coral", "question")
    await w.judge(20.5, why, "publish")
    await w.judge(20.5, late, "publish")
    await w.judge(20.5, what, "hold", "unsure")
    await w.judge(20.5, spam, "reject", "promotion")
    await w.decide(20.6, what, "publish")
    await w.decide(20.6, late, "publish")  # confirms what the machine said
    mistake = await w.decide(20.7, spam, "publish")
    await w(20.8, DecisionUndone(decision=mistake, by="host"))
    for viewer in ("v-a", "v-b", "v-c", "v-d"):  # v-a asked, so v-a's vote does not count
        await w(21, QuestionVoted(question=why, viewer=viewer))
    await w(21, QuestionVoted(question=why, viewer="v-d", up=False))
    await w(21, QuestionVoted(question=what, viewer="v-a"))
    wrong = await w(21.5, QuestionMoved(question=late, to="answered", by="host", answer="No."))
    await w(21.6, DecisionUndone(decision=wrong, by="host"))


async def _comments(w: Writer) -> None:
    """Shown, shown with a card, simulated, rejected by a person (twice), held again after an undo, waiting."""
    loud = await w.say(22, "v-d", "LOUD")
    myth = await w.say(22.1, "v-d", "Bleached coral is dead")
    await w.judge(22.2, loud, "publish")
    await w.judge(22.3, loud, "hold", "abuse")  # a second verdict: the first counts
    await w.judge(22.4, myth, "annotate", "claim", note=CARD)
    await w.decide(22.5, loud, "reject")
    made_up = await w.say(24.5, "v-sim", "so blue", simulated=True)
    await w.judge(24.6, made_up, "publish")
    first_question = f"{at(20)}-0"
    await w(25, QuestionMoved(question=first_question, to="answered", by="host", answer="水温太高。"))
    formula = await w.say(30, "v-b", '=HYPERLINK("http://x")')
    await w.judge(30.1, formula, "hold", "promotion")
    await w.decide(31, formula, "reject")
    odd = await w.say(40, "v-b", "hm")
    await w.judge(40.1, odd, "hold", "unsure", "unsure")
    mistake = await w.decide(41, odd, "reject")
    await w(42, DecisionUndone(decision=mistake, by="host"))
    await w.say(50, "v-b", "nobody has looked at this yet")


async def _trips(w: Writer, twice: bool) -> None:
    """Two count, one waits for a check, one was rejected, one withdrawn."""

    async def trip(minute: float, person: str, team: str, mode: Any, km: float, *doubts: str) -> str:
        return await w(minute, TripLogged(person=person, date="2026-11-22", team=team, mode=mode, km=km, review=doubts))

    created = CampaignCreated(
        id=WEEK, module="travel", title="Travel week", by="o", starts_on="2026-11-16", ends_on="2026-11-22"
    )
    await w(-99, created)
    await w(-98, CampaignOpened(by="o"))
    counted = await trip(2, "p-a", "Blue", "bike", 10)
    await trip(3, "p-b", "绿队", "walk", 2.5)
    await trip(4, "p-c", "Blue", "bike", 80, "speed")
    rejected = await trip(5, "p-d", "Blue", "metro", 9)
    withdrawn = await trip(6, "p-a", "Blue", "bus", 4)
    await w(7, TripReviewed(trip=rejected, accepted=True, by="host"))
    await w(8, TripReviewed(trip=rejected, accepted=False, by="host"))
    await w(8, TripWithdrawn(trip=withdrawn, by="p-a"))
    await w(8, TripWithdrawn(trip=counted, by="p-b"))  # not theirs
    if twice:
        await trip(9, "p-a", "Blue", "bike", 10)
