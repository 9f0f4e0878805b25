"""What the hub sends to browsers. `web/browser/wire.ts` is generated from these Structs.

Texts for readers carry both languages where they differ; the browser picks.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from streamhub.campaign import Basis, Figure
from streamhub.commands import Refusal
from streamhub.facts import Action, CommentKind, Nearest, Note, QuestionStatus, Reason, Restricting, Stage


class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all frames; a field at its default is left out."""


class Answer(Wire, frozen=True, kw_only=True, omit_defaults=False):
    """Base of acknowledgements: every field is there, `ok` first."""


class ShownComment(Wire, frozen=True, kw_only=True):
    """`shown` is the log id at which it became visible: its place in the list. `at` is when it was said (Unix ms)."""

    id: str
    shown: str
    at: int
    viewer: str
    """A short public mark of the author, the same within one broadcast; not the viewer id."""
    nick: str
    text: str
    kind: CommentKind = "comment"
    note: Note | None = None
    simulated: bool = False
    applause: str = ""
    """Calls with the same mark are alike (加油, 加油！！): show them as one with a count. "" where it is none."""


class QuestionView(Wire, frozen=True, kw_only=True):
    id: str
    at: int
    nick: str
    text: str
    votes: int = 0
    status: QuestionStatus = "waiting"
    answer: str = ""
    decision: str = ""
    """Entry of the latest move: what a host's undo names."""
    note: Note | None = None


class BroadcastView(Wire, frozen=True, kw_only=True):
    code: str
    title: str
    status: str
    stage: Stage
    starts_at: int | None = None
    campaigns: tuple[str, ...] = ()
    simulated: bool = False


class Batch(Wire, frozen=True, kw_only=True):
    """Event "batch": everything that changed up to the log id `as_of`. Apply in one go, remember `as_of` and `epoch`.

    `reset`: forget what you have; this is the whole (recent) state. `gone`: no longer visible."""

    as_of: str
    epoch: str
    reset: bool = False
    broadcast: BroadcastView | None = None
    comments: tuple[ShownComment, ...] = ()
    changed: tuple[ShownComment, ...] = ()
    gone: tuple[str, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    people: int | None = None


Objection = Literal["", "open", "granted", "kept"]


class Outcome(Wire, frozen=True, kw_only=True):
    """Event "outcome", to the author alone: what became of their own comment or question."""

    comment: str
    once: str
    status: str
    action: Action | None = None
    reasons: tuple[Reason, ...] = ()
    note: Note | None = None
    text: str = ""
    kind: CommentKind = "comment"
    question: QuestionView | None = None
    """Set when the host moved or answered it."""
    why: str = ""
    """What the moderator wrote to the author."""
    appeal: Objection = ""
    """The author's objection: none, waiting for a person, granted, or the decision is kept."""


class HeldView(Wire, frozen=True, kw_only=True):
    """One comment as a host reviews it."""

    id: str
    at: int
    viewer: str
    nick: str
    text: str
    kind: CommentKind
    status: str
    reasons: tuple[Reason, ...] = ()
    scores: dict[str, float] = {}
    note: Note | None = None
    model: str = ""
    policy: str = ""
    decision: str = ""
    """Entry of the latest person's decision: what undo names."""
    turn: str = ""
    """What a decision about it names, so that two moderators never collide."""
    by: str = ""
    """Who made the decision that stands ("host:Mei"), and what they wrote to the author."""
    why: str = ""
    plain: str = ""
    """The text as the checks read it, where that differs."""
    claims: tuple[Nearest, ...] = ()
    """Known misconceptions that it is near to, best first, whether or not it asserts them."""
    alike: str = ""
    """Held items with the same value say nearly the same; "" for those that stand alone."""
    reports: dict[str, int] = {}
    """Open reports by viewers: reason -> how many."""
    weight: float = 0.0
    """What these reports weigh together, by the records of who made them."""
    appeal: str = ""
    """The author's objection, while it waits for an answer."""
    restricted: Restricting | None = None
    until: int = 0
    """What the author is restricted by now, and until when (Unix ms)."""


class RestrictionView(Wire, frozen=True, kw_only=True):
    """`viewer` is the public mark: what `lift` names."""

    viewer: str
    nick: str
    effect: Restricting
    until: int
    by: str
    reason: str = ""


class Review(Wire, frozen=True, kw_only=True):
    """Event "review", to hosts: `held` are all waiting for a person; `decided` the latest that people decided."""

    as_of: str
    held: tuple[HeldView, ...] = ()
    decided: tuple[HeldView, ...] = ()
    moderation: Literal["normal", "overload", "rules-only", "away"] = "normal"
    """How the checks fare: all of them; the encoder looks afterwards; rules alone, the rest waits for people; none."""
    backlog: int = 0
    """All that wait for a person, however many of them `held` lists."""
    restricted: tuple[RestrictionView, ...] = ()


class BoardRow(Wire, frozen=True, kw_only=True):
    rank: int
    member: str
    values: dict[str, float] = {}
    """board name -> number, for each board of the module."""


class CampaignView(Wire, frozen=True, kw_only=True):
    """Event "campaign": rankings and totals. `rankings`: ranked board -> rows, best first."""

    id: str
    title: str
    module: str
    status: str
    as_of: str
    starts_on: str
    ends_on: str
    units: dict[str, str] = {}
    rankings: dict[str, tuple[BoardRow, ...]] = {}
    figures: tuple[Figure, ...] = ()
    basis: Basis | None = None
    simulated: bool = False


class Joined(Answer, frozen=True, kw_only=True):
    """Acknowledgement of `join`. `token` identifies this viewer on the next connection (browsers use the cookie)."""

    ok: bool = True
    viewer: str
    mark: str
    token: str
    role: str
    batch: Batch
    own: tuple[Outcome, ...] = ()
    voted: tuple[str, ...] = ()
    campaigns: tuple[CampaignView, ...] = ()
    review: Review | None = None
    people: int = 0


class Accepted(Answer, frozen=True, kw_only=True):
    """Acknowledgement of a command: recorded in the log under this id. A retry gets the same id, `repeated`."""

    ok: bool = True
    id: str
    repeated: bool = False
    mine: dict[str, object] = {}


class Denied(Answer, frozen=True, kw_only=True):
    """Acknowledgement of a refused command: nothing was recorded."""

    ok: bool = False
    error: Refusal
