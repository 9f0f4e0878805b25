"""The report as data: what `/report/CODE?format=json` answers and the page shows. Stable; fields are only added.

Times are Unix milliseconds (UTC), durations seconds, shares 0..1; null where there is nothing to say.
How each number is counted stands in the SQL file of its name, and for readers in `docs/report.md`.
"""

from __future__ import annotations

import msgspec

from streamhub.campaign import Basis, Figure


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all parts of a report."""


class People(Part, frozen=True, kw_only=True):
    """`viewers`, `spoke` and `asked` include simulated viewers, which `simulated` counts apart."""

    viewers: int
    spoke: int
    asked: int
    simulated: int
    simulated_spoke: int
    method: str = "signed viewers who joined or spoke; one browser is one viewer"


class Tally(Part, frozen=True, kw_only=True):
    """submitted = shown + held + rejected + waiting."""

    submitted: int = 0
    shown: int = 0
    held: int = 0
    rejected: int = 0
    waiting: int = 0


class Comments(Tally, frozen=True, kw_only=True):
    """All comments, questions included; then the same numbers for people and for simulated comments apart."""

    from_people: Tally
    simulated: Tally


class Bin(Part, frozen=True, kw_only=True):
    """`comments` includes `simulated` and `questions`; `joined` are viewers on their first visit."""

    at: int
    comments: int = 0
    simulated: int = 0
    questions: int = 0
    joined: int = 0


class Span(Part, frozen=True, kw_only=True):
    """Between `start` and `end`, and how many comments fell into it."""

    start: int
    end: int
    comments: int


class Crowd(Span, frozen=True, kw_only=True):
    """The shortest run of bins with at least `share` (1/2, 1/3 or 1/4) of all comments."""

    share: float


class Timeline(Part, frozen=True, kw_only=True):
    """`minutes` is the width of a bin: 1 where they fit into 60 bins, wider for long broadcasts.

    `peaks`: up to three busiest bins, well above the mean. `crowd`: where comments crowded at least twice as
    close as on average, if anywhere; the largest share for which that holds. `per_minute`: in the busiest bin."""

    minutes: int
    bins: tuple[Bin, ...] = ()
    peaks: tuple[Span, ...] = ()
    crowd: Crowd | None = None
    per_minute: float = 0.0


class Question(Part, frozen=True, kw_only=True):
    id: str
    at: int
    nick: str
    text: str
    votes: int
    status: str
    answer: str
    answered_at: int | None
    seconds_to_answer: float | None
    simulated: bool


class Questions(Part, frozen=True, kw_only=True):
    """visible = answered + later + dismissed + outstanding. The lists hold visible questions, most votes first,
    at most `QUESTIONS_LISTED` each; `open` are the outstanding ones."""

    asked: int
    visible: int
    answered: int
    later: int
    dismissed: int
    outstanding: int
    simulated: int
    median_seconds: float | None
    answered_list: tuple[Question, ...] = ()
    later_list: tuple[Question, ...] = ()
    outstanding_list: tuple[Question, ...] = ()


class Actions(Part, frozen=True, kw_only=True):
    publish: int = 0
    annotate: int = 0
    hold: int = 0
    reject: int = 0


class ReasonCount(Part, frozen=True, kw_only=True):
    """Comments that the machine annotated, held or rejected for this reason, and where they stand now."""

    code: str
    comments: int
    annotated: int
    held: int
    rejected: int
    now_shown: int
    now_held: int
    now_rejected: int


class Objections(Part, frozen=True, kw_only=True):
    """What viewers reported and authors objected to, and whom moderators restricted; see objections.sql."""

    reports: int = 0
    reported: int = 0
    agreed: int = 0
    appeals: int = 0
    granted: int = 0
    kept: int = 0
    restrictions: int = 0
    restricted: int = 0
    erased: int = 0
    """Comments whose authors, or hosts, took them back for good: no other figure counts them."""


class Moderation(Part, frozen=True, kw_only=True):
    """`machine`: first verdicts; `people`: decisions in force. `overturn_rate` = overturned / reviewed: of the
    verdicts that let pass or rejected and that a person looked at, the share whose outcome was reversed."""

    judged: int
    machine: Actions
    people: Actions
    reviewed: int
    overturned: int
    overturn_rate: float | None
    note_changed: int
    held_passed: int
    held_rejected: int
    held_open: int
    objections: Objections = Objections()
    reasons: tuple[ReasonCount, ...] = ()


class Claim(Part, frozen=True, kw_only=True):
    """A known misconception and the comments that carry its source card; `shown` of them are visible."""

    claim: str
    comments: int
    shown: int
    simulated: int
    claim_zh: str
    claim_en: str
    fact_zh: str
    fact_en: str
    source: str
    url: str


class Trips(Part, frozen=True, kw_only=True):
    """Counted by SQL from the campaign's archive. logged = trips + review + rejected + withdrawn."""

    logged: int
    trips: int
    review: int
    rejected: int
    withdrawn: int
    km: float
    people: int


class Team(Part, frozen=True, kw_only=True):
    """A member of the campaign's boards; board name -> number."""

    member: str
    values: dict[str, float]


class Disagreement(Part, frozen=True, kw_only=True):
    """A number that the SQL over the archive and the campaign's own rules count differently."""

    name: str
    from_facts: float
    from_rules: float


class Campaign(Part, frozen=True, kw_only=True):
    """`trips`: by SQL; null for modules without trips. `figures`, `teams`, `units`: the module's own rules, folded over
    the same archive, as on the live boards. `as_of`: position in the campaign's own log."""

    id: str
    title: str
    module: str
    status: str
    starts_on: str
    ends_on: str
    timezone: str
    simulated: bool
    as_of: str
    trips: Trips | None
    figures: tuple[Figure, ...]
    teams: tuple[Team, ...]
    ranked_by: str
    units: dict[str, str]
    basis: Basis | None
    disagreements: tuple[Disagreement, ...]


class Report(Part, frozen=True, kw_only=True):
    """`start`, `end`: the period that the timeline covers; the times of opening and closing where somebody did."""

    version: int = 1
    code: str
    title: str
    status: str
    simulated: bool
    generated_at: int
    as_of: str
    timezone: str
    start: int | None
    end: int | None
    opened_at: int | None
    closed_at: int | None
    people: People
    comments: Comments
    timeline: Timeline
    questions: Questions
    moderation: Moderation
    claims: tuple[Claim, ...]
    campaigns: tuple[Campaign, ...]
