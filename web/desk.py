"""What a host's desk shows, as plain values: lanes, rows, the selected item. Pure; called by `pages/host.py`.

`browser/host.ts` fills the same markup with the same words from the socket, so both look alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from streamhub.facts import QuestionStatus
from streamhub.state.broadcast import BroadcastState
from streamhub.state.projection import position
from streamhub.wire import HeldView, QuestionView, Review

Lane = Literal["questions", "held", "later", "answered", "dismissed", "decided"]
LANES: tuple[Lane, ...] = ("questions", "held", "later", "answered", "dismissed", "decided")
LANE_OF: dict[QuestionStatus, Lane] = {
    "answering": "questions",
    "waiting": "questions",
    "later": "later",
    "answered": "answered",
    "dismissed": "dismissed",
}
DECIDED_LIMIT = 30
ALSO_LIMIT = 20

Say = Callable[[str], str]
Row = dict[str, Any]


def words(_: Say) -> dict[str, dict[str, str]]:
    """Every word that both the page and its island say, in the reader's language."""
    return {
        "reason": {
            "contact": _("Asks people to a private chat, a number or a link"),
            "promotion": _("Sells, recruits or advertises"),
            "abuse": _("Insults or threatens somebody"),
            "repetition": _("The same text again and again"),
            "misinformation": _("Reads as misleading, but fits no single known claim"),
            "claim": _("Matches a known misconception"),
            "unsure": _("The checks disagree: please judge yourself"),
            "person": _("Decided by a person"),
            "erased": _("Taken back: its words are erased"),
            "reported": _("Viewers reported it, and the policy in force hides it until you have looked"),
            "overdue": _("No verdict came in time: please look"),
        },
        "badge": {
            "contact": _("Private contact"),
            "promotion": _("Advertising"),
            "abuse": _("Insult"),
            "repetition": _("Repetition"),
            "misinformation": _("Misleading?"),
            "claim": _("Misconception"),
            "unsure": _("Unsure"),
            "person": _("By a person"),
            "overdue": _("No verdict yet"),
            "reported": _("Reported"),
            "appeal": _("Objection"),
            "waiting": _("Waiting"),
            "answering": _("Answering now"),
            "answered": _("Answered"),
            "later": _("Later"),
            "dismissed": _("Dismissed"),
            "shown": _("Published"),
            "held": _("Held"),
            "rejected": _("Rejected"),
        },
        "score": {
            "contact": _("Private contact"),
            "promotion": _("Advertising"),
            "abuse": _("Insult"),
            "repetition": _("Repetition"),
            "misinformation": _("Misleading"),
            "claim": _("Known misconception"),
            "ok": _("Harmless"),
        },
        "lane": {
            "questions": _("Questions"),
            "held": _("To review"),
            "later": _("Later"),
            "answered": _("Answered"),
            "dismissed": _("Dismissed"),
            "decided": _("Decisions"),
        },
        "why": {
            "promotion": _("Advertising"),
            "abuse": _("Insult"),
            "misinformation": _("Misleading"),
            "other": _("Something else"),
        },
        "effect": {
            "mute": _("Muted until %(until)s"),
            "slow": _("Slowed until %(until)s"),
            "ban": _("Banned until %(until)s"),
        },
        "fare": {
            "overload": _(
                "More is said than the model can read in time. Rules decide at once, the model looks again"
                " afterwards. Waiting for you: %(count)s."
            ),
            "rules-only": _(
                "The model is not there. Rules decide alone, and what they do not know waits for you: %(count)s."
            ),
            "away": _("No checks are running, so nothing appears by itself. Waiting for you: %(count)s."),
        },
        "order": {
            "questions": "",
            "held": _("Oldest first"),
            "later": _("Most wanted first"),
            "answered": _("Latest first"),
            "dismissed": _("Latest first"),
            "decided": _("Latest first"),
        },
        "empty": {
            "questions": _("No question is waiting. New ones appear here, the most wanted first."),
            "held": _("Nothing to review. What the checks doubt, viewers report or authors object to waits here."),
            "later": _("Nothing is put off for later."),
            "answered": _("No question is answered yet."),
            "dismissed": _("No question is dismissed."),
            "decided": _("No decision yet. Each one can be taken back here."),
        },
        "say": {
            "open": _("Live"),
            "closed": _("Ended"),
            "scheduled": _("Not open yet"),
            "lost": _("Connection lost. Trying again…"),
            "failed": _("Not done: %(why)s"),
            "undone": _("Taken back"),
            "just_now": _("just now"),
            "new_one": _("1 new"),
            "new_many": _("%(count)s new"),
            "resort": _("The order has changed: sort again"),
            "first": _("%(who)s was first: this is decided already"),
            "since": _("Something has happened to this comment since you saw it. Please look again"),
            "chosen": _("%(count)s chosen"),
            "alike_count": _("%(count)s nearly the same"),
            "alike": _("Do the same with %(count)s more that say nearly this"),
            "done_many": _("%(count)s comments"),
            "restricted": _("Done: %(what)s"),
            "decided_by": _("Decided by %(who)s"),
            "host": _("host"),
            "moderator": _("moderator"),
            "organizer": _("organizer"),
            "moderation": _("the checks"),
            "house": _("the house"),
        },
    }


def shortcuts(_: Say, *, hosts: bool) -> list[tuple[str, str]]:
    """What each key does, for the list that "?" opens."""
    questions = [
        ("A", _("Answering now")),
        ("D", _("Answered")),
        ("L", _("Later")),
        ("X", _("Dismiss")),
        ("W", _("Back to the queue")),
    ]
    review = [
        ("P", _("Publish")),
        ("R", _("Reject")),
        ("C", _("Choose a source card")),
        ("S", _("Publish with this card")),
        ("G", _("The same for those that say nearly this")),
        ("M", _("Restrict this person…")),
        ("V", _("Choose for several at once")),
        ("⇧P ⇧R", _("Publish or reject the chosen")),
    ]
    both = [
        ("J K", _("Next, previous")),
        ("1 2 3", _("Change the list")),
        ("E", _("Write")),
        ("U", _("Take back")),
        ("N", _("Show what is new")),
        ("?", _("This list")),
    ]
    return [*(questions if hosts else []), *review, *both]


def restricted(effect: str, _: Say) -> str:
    """What was just done to a person; "" if nothing."""
    return {
        "mute": _("Muted. The person is told why and until when."),
        "slow": _("Slowed down: one comment in 30 seconds."),
        "ban": _("Banned. The person is told why and until when."),
    }.get(effect, "")


def counts(questions: list[QuestionView], review: Review) -> dict[Lane, int]:
    found: dict[Lane, int] = dict.fromkeys(LANES, 0)
    for question in questions:
        found[LANE_OF[question.status]] += 1
    found["held"] = max(review.backlog, len(review.held))
    found["decided"] = len(decided(questions, review))
    return found


def decided(questions: list[QuestionView], review: Review) -> list[QuestionView | HeldView]:
    """The latest decisions about questions and comments, newest first."""
    all_: list[QuestionView | HeldView] = [*(q for q in questions if q.decision), *review.decided]
    return sorted(all_, key=lambda view: position(view.decision or view.id), reverse=True)[:DECIDED_LIMIT]


def in_lane(lane: Lane, sort: str, questions: list[QuestionView], review: Review) -> list[QuestionView | HeldView]:
    if lane == "held":
        return list(grouped(review.held))
    if lane == "decided":
        return decided(questions, review)
    found = [question for question in questions if LANE_OF[question.status] == lane]
    if lane == "questions" and sort == "age":
        found.sort(key=lambda view: (view.status != "answering", position(view.id)))
    if lane in ("answered", "dismissed"):
        found.sort(key=lambda view: position(view.decision or view.id), reverse=True)
    return list(found)


def grouped(held: Sequence[HeldView]) -> list[HeldView]:
    """Oldest first, and behind each what says nearly the same; as `lane` in `browser/host/model.ts`."""
    first: dict[str, int] = {}
    for place, view in enumerate(held):
        first.setdefault(view.alike or view.id, place)
    return sorted(held, key=lambda view: first[view.alike or view.id])


def rows(lane: Lane, views: Sequence[QuestionView | HeldView]) -> list[Row]:
    """The lines of the list. Of several that say nearly the same the first tells how many, `alike`; others `again`."""
    group_of = [getattr(view, "alike", "") if lane == "held" else "" for view in views]
    size, seen = Counter(group_of), set[str]()
    found = []
    for view, group in zip(views, group_of, strict=True):
        found.append(
            row(lane, view) | {"again": group in seen, "alike": size[group] if group and group not in seen else 0}
        )
        seen |= {group} - {""}
    return found


def row(lane: Lane, view: QuestionView | HeldView) -> Row:
    """One line of the list: votes or a badge (a reason, a decision), the text, the answer, who said it and when."""
    if isinstance(view, HeldView):
        badge = view.status if lane == "decided" else reason_code(view)
        return _row(view, badge=badge, votes=None, reply="")
    badge = view.status if lane == "decided" or view.status == "answering" else ""
    return _row(view, badge=badge, votes=view.votes, reply=view.answer)


def _row(view: QuestionView | HeldView, *, badge: str, votes: int | None, reply: str) -> Row:
    said = {"id": view.id, "text": view.text, "nick": view.nick, "at": view.at, "turn": getattr(view, "turn", "")}
    return said | {"badge": badge, "votes": votes, "reply": reply}


def reason_code(view: HeldView) -> str:
    """What a row says of why it is there: an objection first, then reports, then what the checks found."""
    if view.appeal:
        return "appeal"
    if view.status == "shown":
        return "reported" if view.reports else "shown"
    return view.reasons[0].code if view.reasons else "overdue"


def lanes_of(*, hosts: bool) -> tuple[Lane, ...]:
    """Whoever only moderates sees no questions."""
    return LANES if hosts else ("held", "decided")


def alike(view: HeldView, review: Review) -> list[HeldView]:
    """The other held items that say nearly the same."""
    return [other for other in review.held if view.alike and other.alike == view.alike and other.id != view.id]


def actor(by: str, words: dict[str, dict[str, str]]) -> str:
    """ "host:Mei" -> "Mei (host)", in the reader's language."""
    role, _, name = by.partition(":")
    said = words["say"].get(role, role)
    return f"{name} ({said})" if name else said


def said_by(state: BroadcastState, but: str) -> list[Row]:
    """What else the author of a comment said in this broadcast, newest first, with what became of it."""
    author = state.comments.by_id[but].viewer
    others = [state.comments.by_id[name] for name in reversed(state.comments.by_viewer[author]) if name != but]
    return [
        {"id": comment.id, "text": comment.text, "badge": comment.status, "at": position(comment.id)[0]}
        for comment in others[:ALSO_LIMIT]
    ]
