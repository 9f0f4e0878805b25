"""State -> the review queue as moderators see it: what waits for a person, what was decided, who is restricted.

Pure. Called by `follow.py` for sockets and by `web/pages/host.py`, so a page and a socket never disagree.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from zlib import crc32

from streamhub.live.admission import mark_of
from streamhub.state import comments as comments_
from streamhub.state import restrictions as restrictions_
from streamhub.state.broadcast import BroadcastState
from streamhub.state.comments import Comment
from streamhub.state.projection import position
from streamhub.wire import HeldView, RestrictionView, Review

OVERDUE_MS = 10_000
"""A comment without a verdict for so long is offered to a person: no verdict in time means hold."""

REVIEW_LIMIT = 200
DECIDED_LIMIT = 20
RESTRICTED_LIMIT = 100

ALIKE = 0.6
"""Share of common letter triples from which two held texts stand in one group."""

SKETCH = 6
"""Triples by which texts find each other before they are compared."""

Plain = Callable[[str], str]
"""A text as the checks read it."""


def review(state: BroadcastState, now_ms: int, plain: Plain = str) -> Review:
    """What waits for a person (oldest first), and what people decided last (newest first)."""
    cases = list(comments_.to_review(state.comments, now_ms - OVERDUE_MS))
    held = cases[:REVIEW_LIMIT]
    groups = alike([plain(comment.text) for comment in held])
    return Review(
        as_of=state.as_of,
        held=tuple(held_view(state, c, now_ms, plain, group) for c, group in zip(held, groups, strict=True)),
        decided=tuple(held_view(state, c, now_ms, plain) for c in _decided(state.comments)),
        backlog=len(cases),
        restricted=tuple(restricted(state, now_ms)),
    )


def review_changed(state: BroadcastState, before: str) -> bool:
    """Whether anything that `review` shows has changed by a fact after `before`; overdue comments change by time."""
    latest = max(position(state.comments.reviewed or "0-0"), position(state.restrictions.changed or "0-0"))
    return latest > position(before)


def held_view(state: BroadcastState, comment: Comment, now_ms: int, plain: Plain = str, alike: str = "") -> HeldView:
    verdict, standing = comment.verdict, comment.standing
    reports = comment.open_reports
    restriction = restrictions_.of(state.restrictions, comment.viewer, now_ms)
    read = plain(comment.text)
    hidden = comment.status == "held" and comment.reasons and comment.reasons[0].code == "reported"
    return HeldView(
        id=comment.id,
        at=position(comment.id)[0],
        viewer=mark_of(comment.viewer, state.details.code),
        nick=comment.nick,
        text=comment.text,
        kind=comment.kind,
        status=comment.status,
        reasons=comment.reasons if hidden else verdict.reasons if verdict else (),
        scores=verdict.scores if verdict else {},
        note=comment.note or (verdict.note if verdict else None),
        model=verdict.model if verdict else "",
        policy=verdict.policy if verdict else "",
        decision=standing,
        turn=comment.turn,
        by=comment.decisions[standing].by if standing else "",
        why=comment.decisions[standing].reason if standing else "",
        plain=read if read != comment.text else "",
        claims=verdict.claims if verdict else (),
        alike=alike,
        reports={why: sum(1 for report in reports if report.why == why) for why in sorted({r.why for r in reports})},
        weight=round(sum(report.weight for report in reports), 3),
        appeal=comment.appeal.text if comment.appeal and comment.appeal_open else "",
        restricted=restriction.effect if restriction else None,
        until=restriction.until_ms if restriction else 0,
    )


def restricted(state: BroadcastState, now_ms: int) -> Iterator[RestrictionView]:
    """Who is muted, slowed or banned now, latest first."""
    for restriction in restrictions_.current(state.restrictions, now_ms)[:RESTRICTED_LIMIT]:
        yield RestrictionView(
            viewer=mark_of(restriction.viewer, state.details.code),
            nick=state.audience.nick_of.get(restriction.viewer, ""),
            effect=restriction.effect,
            until=restriction.until_ms,
            by=restriction.by,
            reason=restriction.reason,
        )


def _decided(state: comments_.Comments) -> list[Comment]:
    """The comments decided last, each once, by the decision that stands."""
    found: dict[str, Comment] = {}
    for decision in reversed(state.decision_of):
        comment = state.by_id[state.decision_of[decision]]
        if comment.standing == decision:
            found[comment.id] = comment
        if len(found) == DECIDED_LIMIT:
            break
    return list(found.values())


def alike(texts: list[str]) -> list[str]:
    """A group name for each text: texts that say nearly the same share one, those that stand alone have ""."""
    firsts: list[frozenset[str]] = []
    kept: dict[str, list[int]] = defaultdict(list)
    group_of: list[int] = []
    for text in texts:
        letters, sketch = _letters(text)
        shared = Counter(first for triple in sketch for first in kept[triple])
        near = (first for first, count in shared.most_common() if count >= min(2, len(sketch)))
        group = next((first for first in near if _near(letters, firsts[first])), len(firsts))
        if group == len(firsts):
            firsts.append(letters)
            for triple in sketch:
                kept[triple].append(group)
        group_of.append(group)
    size = Counter(group_of)
    return [str(group) if size[group] > 1 else "" for group in group_of]


def _near(a: frozenset[str], b: frozenset[str]) -> bool:
    return bool(a and b) and len(a & b) >= ALIKE * len(a | b)


@lru_cache(maxsize=1000)
def _letters(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Triples of letters, without the numbers, marks and spaces that senders vary; and the few of them that are
    first in an order of chance. Texts that share most triples share some of these, so only such are compared."""
    letters = re.sub(r"[\W\d_]+", "", text.casefold())
    triples = frozenset(letters[start : start + 3] for start in range(max(len(letters) - 2, 1))) - {""}
    return triples, tuple(sorted(triples, key=lambda triple: crc32(triple.encode("utf-8", "replace")))[:SKETCH])
