"""What people may ask for. A command can be refused; only a fact that was appended has happened.

Decoded at the edge (socket or form) by msgspec: an unknown field, a wrong type or a text over its limit
is a `Refusal` that names the field and the limit. Imports nothing of ours but the facts' types.
`once` is made by the client and unique per attempt: a retry with the same `once` changes nothing twice.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from streamhub.facts import (
    ANSWER_LIMIT,
    CODE_PATTERN,
    NICK_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
    CommentKind,
    Preset,
    QuestionStatus,
    Restricting,
    Stage,
    Why,
    WordEffect,
)

Once = Annotated[str, msgspec.Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_:.-]+$")]
STATEMENT_LIMIT = 400
"""Of a claim or of the fact that answers it."""

EntryId = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^\d{1,15}-\d{1,9}$")]
Code = Annotated[str, msgspec.Meta(pattern=CODE_PATTERN)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LIMIT)]
Nick = Annotated[str, msgspec.Meta(min_length=1, max_length=NICK_LIMIT)]
Turn = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^(\d{1,15}-\d{1,9})?$")]
Sentence = Annotated[str, msgspec.Meta(max_length=TEXT_LIMIT)]
Statement = Annotated[str, msgspec.Meta(max_length=STATEMENT_LIMIT)]
Address = Annotated[str, msgspec.Meta(max_length=500)]


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all commands."""


class Join(Command, frozen=True, kw_only=True):
    """Watch a broadcast. `after` and `epoch` are what the last frame said; empty on the first visit.

    `last` bounds how many comments a first visit gets (0..500)."""

    broadcast: Code
    after: Annotated[str, msgspec.Meta(max_length=32, pattern=r"^(\d{1,15}-\d{1,9})?$")] = ""
    epoch: Annotated[str, msgspec.Meta(max_length=32)] = ""
    last: Annotated[int, msgspec.Meta(ge=0, le=500)] = 200


class OnceCommand(Command, frozen=True, kw_only=True):
    """A command that changes something: trying it again with the same `once` changes nothing twice."""

    once: Once


class SubmitComment(OnceCommand, frozen=True, kw_only=True):
    text: Text
    nick: Nick
    kind: CommentKind = "comment"


class VoteQuestion(OnceCommand, frozen=True, kw_only=True):
    question: EntryId
    up: bool = True


class MoveQuestion(OnceCommand, frozen=True, kw_only=True):
    """Hosts only. `answer` is the text shown to the asker and under the question."""

    question: EntryId
    to: QuestionStatus
    answer: Annotated[str, msgspec.Meta(max_length=ANSWER_LIMIT)] = ""


class DecideComment(OnceCommand, frozen=True, kw_only=True):
    """`claim` names the source card to attach (annotate), or `fact`, `source` and `url` write one.

    `turn` is the `HeldView.turn` that the moderator saw ("" included): where somebody decided since, the answer
    is a conflict whose `limit` names who. Without it the decision is taken as it comes. `reason` goes to the author."""

    comment: EntryId
    action: Literal["publish", "annotate", "reject"]
    claim: Annotated[str, msgspec.Meta(max_length=40)] = ""
    reason: Sentence = ""
    turn: Turn | None = None
    fact: Statement = ""
    source: Sentence = ""
    url: Address = ""


class EraseComment(OnceCommand, frozen=True, kw_only=True):
    """For good: of one's own, or, for hosts, of anybody."""

    comment: EntryId
    reason: Sentence = ""


class UndoDecision(OnceCommand, frozen=True, kw_only=True):
    decision: EntryId
    reason: Sentence = ""


class RestrictViewer(OnceCommand, frozen=True, kw_only=True):
    """The author of that comment: may not speak (mute), only now and then (slow), or do nothing here (ban)."""

    comment: EntryId
    effect: Restricting
    minutes: Annotated[int, msgspec.Meta(ge=1, le=30 * 24 * 60)]
    reason: Sentence = ""


class LiftRestriction(OnceCommand, frozen=True, kw_only=True):
    """`viewer` is the public mark of the author (`HeldView.viewer`)."""

    viewer: Annotated[str, msgspec.Meta(max_length=16)]
    reason: Sentence = ""


class ReportComment(OnceCommand, frozen=True, kw_only=True):
    comment: EntryId
    why: Why = "other"


class AppealComment(OnceCommand, frozen=True, kw_only=True):
    """The author alone, once per comment."""

    comment: EntryId
    text: Text


class ChoosePolicy(OnceCommand, frozen=True, kw_only=True):
    """`reason` here and below: for who reads later who changed what and why."""

    preset: Preset
    reason: Sentence = ""


class AddClaim(OnceCommand, frozen=True, kw_only=True):
    """Claim and fact in at least one language, and the source with its web address."""

    claim_zh: Statement = ""
    claim_en: Statement = ""
    fact_zh: Statement = ""
    fact_en: Statement = ""
    source: Sentence = ""
    url: Address = ""


class WithdrawClaim(OnceCommand, frozen=True, kw_only=True):
    claim: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    reason: Sentence = ""


class ListWord(OnceCommand, frozen=True, kw_only=True):
    """Words and addresses, no patterns."""

    word: Annotated[str, msgspec.Meta(min_length=2, max_length=60)]
    effect: WordEffect
    reason: Sentence = ""


class UnlistWord(OnceCommand, frozen=True, kw_only=True):
    word: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    reason: Sentence = ""


class ConsentTraining(OnceCommand, frozen=True, kw_only=True):
    """Organizers only: whether decisions of people in this broadcast may become training rows."""

    given: bool


class CampaignAct(OnceCommand, frozen=True, kw_only=True):
    """A command of a campaign module; `act` is decoded by the module that owns the campaign."""

    campaign: Code
    act: dict[str, Any]


class CreateBroadcast(Command, frozen=True, kw_only=True):
    """Organizers only. `starts_at` in Unix milliseconds."""

    code: Code
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_LIMIT)]
    starts_at: int | None = None
    stage: Stage = Stage()
    campaigns: Annotated[tuple[Code, ...], msgspec.Meta(max_length=8)] = ()
    simulated: bool = False


class RevokeRoles(OnceCommand, frozen=True, kw_only=True):
    """Organizers only: whoever hosts or moderates this broadcast needs a new link."""


class CreateCampaign(Command, frozen=True, kw_only=True):
    """Organizers only. Days as "YYYY-MM-DD", both inclusive."""

    id: Code
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=TITLE_LIMIT)]
    starts_on: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    ends_on: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    module: Annotated[str, msgspec.Meta(max_length=24)] = "travel"
    timezone: Annotated[str, msgspec.Meta(max_length=64)] = "Asia/Shanghai"
    simulated: bool = False


RefusalCode = Literal[
    "invalid",  # field, limit and message say what
    "unknown",  # no such broadcast, question, campaign ...
    "closed",  # not open (yet, or any more)
    "rate",  # too fast: retry_after seconds
    "forbidden",  # needs another role: sign in
    "restricted",  # muted or banned by a person: `field` says which, retry_after seconds until it ends
    "not_joined",  # the socket has not joined a broadcast
    "conflict",  # already there, already done by somebody else
    "unavailable",  # could not be recorded: nothing was kept, try again
]


class Refusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a command was not carried out. Nothing was recorded."""

    code: RefusalCode
    message: str = ""
    field: str = ""
    limit: str = ""
    retry_after: float | None = None


class Refused(Exception):
    """Carries a Refusal up to the edge that has to answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message or refusal.code)
        self.refusal = refusal


def refuse(code: RefusalCode, message: str = "", **more: Any) -> Refused:
    return Refused(Refusal(code=code, message=message, **more))


_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$?\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<field>[^`]+)`")
_MISSING_FIELD = re.compile(r"missing required field `(?P<field>[^`]+)`")
_LIMIT = re.compile(r"(?:length|matching|`(?:int|float)`) (?P<limit>[<>]=? ?\d+|.*)$")


def refusal_of(error: msgspec.ValidationError | msgspec.DecodeError) -> Refusal:
    """Turn msgspec's message into a refusal with field and limit."""
    found = _PATH.match(str(error))
    what, path = (found["what"], found["path"] or "") if found else (str(error), "")
    for pattern in (_UNKNOWN_FIELD, _MISSING_FIELD):
        if named := pattern.search(what):
            path = named["field"]
    limit = _LIMIT.search(what)
    return Refusal(code="invalid", message=what, field=path, limit=limit["limit"] if limit else "")


_C = TypeVar("_C", bound=Command)


def decode(kind: type[_C], value: object) -> _C:
    """A command out of a socket's dict or a form's fields; raises `Refused`."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Refused(refusal_of(error)) from None
