"""What happened in a broadcast: the immutable entries of its log. (Of a campaign: `campaign_facts.py`.)

Read by every part; imports nothing of ours. Fields are only added (with a default), never renamed, retyped or reused.
Times are Unix milliseconds (UTC). A comment, question or decision has the id of its log entry ("1763845212345-0").
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

NICK_LIMIT = 24
TEXT_LIMIT = 200
ANSWER_LIMIT = 1000
TITLE_LIMIT = 120
CODE_PATTERN = r"^[A-Z0-9](?:[A-Z0-9-]{1,22})[A-Z0-9]$"

Code = Annotated[str, msgspec.Meta(pattern=CODE_PATTERN)]
"""Short code of a broadcast or id of a campaign: 3 to 24 capital letters, digits, hyphens."""

CommentKind = Literal["comment", "question"]
Action = Literal["publish", "annotate", "hold", "reject"]
Via = Literal["web", "form", "replay", "import"]
QuestionStatus = Literal["waiting", "answering", "answered", "later", "dismissed"]
Preset = Literal["default", "open", "careful", "school", "emergency"]
WordEffect = Literal["allow", "hold"]
Restricting = Literal["mute", "slow", "ban"]
Why = Literal["promotion", "abuse", "misinformation", "other"]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=_snake, omit_defaults=True, gc=False):
    """Base of all facts; `type` in the JSON is the class name in snake_case. Nothing in them leads back to them, so
    that the garbage collector need not look at them."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The picture of a broadcast. `source` is an HLS address, or the video id of an embed."""

    kind: Literal["demo", "hls", "youtube", "bilibili", "none"] = "none"
    source: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The source card shown with a comment, in both languages, as it was when it was attached."""

    claim: str
    claim_zh: str
    claim_en: str
    fact_zh: str
    fact_en: str
    source: str
    url: str


ReasonCode = Literal[
    "contact",  # asks people to a private chat, number or link
    "promotion",  # sells, recruits, hard sell
    "abuse",  # insults or threatens
    "repetition",  # the same text again and again
    "misinformation",  # reads as a misleading statement, no single claim certain
    "claim",  # matches a known misconception: the note says which
    "unsure",  # the checks disagree: a person looks
    "person",  # a host or moderator decided
    "erased",  # its words were taken out of the log
    "reported",  # viewers reported it, and the policy in force hides it until a person has looked
]


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Why a verdict fell. `rule`: rule, model head or claim; `score` 0..1; `word`: a listed one. No text of viewers."""

    code: ReasonCode
    rule: str = ""
    score: float | None = None
    word: str = ""


class Nearest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A claim that a comment is near to, asserted or not: how similar its nearest wording is, -1..1."""

    claim: str
    similarity: float


# ── the broadcast ────────────────────────────────────────────────────────────────────────────────


class BroadcastCreated(Fact, frozen=True, kw_only=True):
    code: Code
    title: str
    by: str
    starts_at: int | None = None
    stage: Stage = Stage()
    campaigns: tuple[str, ...] = ()
    simulated: bool = False


class BroadcastEdited(Fact, frozen=True, kw_only=True):
    """None leaves a field as it was."""

    by: str
    title: str | None = None
    starts_at: int | None = None
    stage: Stage | None = None
    campaigns: tuple[str, ...] | None = None


class BroadcastOpened(Fact, frozen=True, kw_only=True):
    by: str


class BroadcastClosed(Fact, frozen=True, kw_only=True):
    by: str


class RolesRevoked(Fact, frozen=True, kw_only=True):
    """Links and sign-ins of this broadcast's hosts and moderators from before this entry are void."""

    by: str


# ── people, what they said and asked ─────────────────────────────────────────────────────────────


class ViewerJoined(Fact, frozen=True, kw_only=True):
    """Once per viewer (signed cookie) and broadcast."""

    viewer: str
    via: Via = "web"
    language: str = ""


class CommentSubmitted(Fact, frozen=True, kw_only=True):
    viewer: str
    nick: str
    text: str
    kind: CommentKind = "comment"
    once: str = ""
    via: Via = "web"
    simulated: bool = False
    hosting: bool = False  # said by somebody who hosts this broadcast


class Verdict(Fact, frozen=True, kw_only=True):
    """What the machine says of a comment, and why."""

    comment: str
    action: Action
    reasons: tuple[Reason, ...] = ()
    scores: dict[str, float] = {}
    note: Note | None = None
    model: str = ""
    policy: str = ""
    claims: tuple[Nearest, ...] = ()
    """Those that are near, best first, where the comment was not simply published."""


class CommentJudged(Verdict, frozen=True, kw_only=True):
    """The machine's verdict; once per comment. `provisional`: without the encoder, for want of time; may be revised."""

    provisional: bool = False
    applause: str = ""
    """What it calls out with others (加油), the same for alike calls; "" where it says something of its own."""


class VerdictRevised(Verdict, frozen=True, kw_only=True):
    """The machine looked again at a provisional verdict; once per comment. A person's decision still beats it."""


class CommentDecided(Fact, frozen=True, kw_only=True):
    """A person's verdict; beats the machine's, and the latest person's verdict that is not undone counts."""

    comment: str
    action: Literal["publish", "annotate", "reject"]
    by: str
    reason: str = ""
    note: Note | None = None
    once: str = ""


class CommentErased(Fact, frozen=True, kw_only=True):
    """Its words, its author's name and an objection are gone: the entries that had them are taken out of the log once
    this one is in it. `by` is "author" where the author took it back. Nothing is decided about it any more."""

    comment: str
    by: str
    reason: str = ""


class QuestionVoted(Fact, frozen=True, kw_only=True):
    question: str
    viewer: str
    up: bool = True


class QuestionMoved(Fact, frozen=True, kw_only=True):
    question: str
    to: QuestionStatus
    by: str
    answer: str = ""


class DecisionUndone(Fact, frozen=True, kw_only=True):
    """Takes back one CommentDecided or QuestionMoved, named by its log entry id."""

    decision: str
    by: str
    reason: str = ""


# ── moderation by people ─────────────────────────────────────────────────────────────────────────


class PolicyChosen(Fact, frozen=True, kw_only=True):
    preset: Preset
    by: str
    reason: str = ""


class HousePolicyChanged(Fact, frozen=True, kw_only=True):
    """The house's policy file, in force here while nobody has chosen a preset, says something else than before.

    `policy` is its name and hash, as in verdicts. Recorded before the first verdict by it."""

    policy: str
    by: str = "house"
    reason: str = ""


class ClaimAdded(Fact, frozen=True, kw_only=True):
    """Extends this broadcast's claim bank. Texts may be in one language ("" in the other); a source there always is."""

    id: str
    claim_zh: str = ""
    claim_en: str = ""
    fact_zh: str = ""
    fact_en: str = ""
    source: str
    url: str
    by: str


class ClaimWithdrawn(Fact, frozen=True, kw_only=True):
    claim: str
    by: str
    reason: str = ""


class WordListed(Fact, frozen=True, kw_only=True):
    """A word or address, never a pattern. "allow": it does not count against a comment; "hold": a person looks.

    In a campaign's log it holds in every broadcast that belongs to it; what a broadcast says itself counts more."""

    word: str
    effect: WordEffect
    by: str
    reason: str = ""


class WordUnlisted(Fact, frozen=True, kw_only=True):
    word: str
    by: str
    reason: str = ""


class TrainingConsented(Fact, frozen=True, kw_only=True):
    """The organizer's word that decisions of people may become training rows; the latest counts."""

    given: bool
    by: str


class ViewerRestricted(Fact, frozen=True, kw_only=True):
    """Until `until_ms`; a later one of the same viewer replaces it. `comment` is what it was about ("" if none)."""

    viewer: str
    effect: Restricting
    until_ms: int
    by: str
    reason: str = ""
    comment: str = ""


class RestrictionLifted(Fact, frozen=True, kw_only=True):
    viewer: str
    by: str
    reason: str = ""


class CommentReported(Fact, frozen=True, kw_only=True):
    """`weight` (0..1) is the reporter's record when it was made; `hides`: the policy then in force hid the comment."""

    comment: str
    viewer: str
    why: Why = "other"
    weight: float = 0.5
    hides: bool = False


class AppealMade(Fact, frozen=True, kw_only=True):
    """The author's objection, once per comment. The next CommentDecided about it is its answer."""

    comment: str
    viewer: str
    text: str


BroadcastFact = (
    BroadcastCreated | BroadcastEdited | BroadcastOpened | BroadcastClosed | RolesRevoked | ViewerJoined
    | CommentSubmitted | CommentJudged | VerdictRevised | CommentDecided | CommentErased | QuestionVoted | QuestionMoved
    | DecisionUndone | PolicyChosen | HousePolicyChanged | ClaimAdded | ClaimWithdrawn | WordListed | WordUnlisted
    | TrainingConsented | ViewerRestricted | RestrictionLifted | CommentReported | AppealMade
)  # fmt: skip
