"""Words that both a page and its island say, once: templates read them, and islands get them as JSON.

`watch_texts(_)` is called by `web/pages/watch.py`; `build.py` makes the TypeScript type of the keys from it.
"{n}" and the like are filled in by whoever shows the text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from streamhub.commands import Refusal

Gettext = Callable[[str], str]


def watch_texts(_: Gettext) -> dict[str, str]:
    return _connection(_) | _comments(_) | _reasons(_) | _refusals(_) | _questions(_) | _campaign(_) | _picture(_)


def why_not(refusal: Refusal, texts: Mapping[str, str]) -> str:
    """Why a comment or vote was not taken, in the reader's words; the moderator's own where there are some.

    `refusalText` and `refusalKey` in `browser/watch/data.ts` say the same."""
    known = f"refusal.{refusal.code}"
    if refusal.code == "invalid" and refusal.field in ("text", "nick") and not refusal.limit.startswith("<="):
        known = "compose.empty" if refusal.field == "text" else "compose.nick"
    elif refusal.code == "rate" and refusal.field == "slow":
        known = "refusal.slowed"
    text = texts[known].replace("{n}", str(math.ceil(refusal.retry_after or 0))).replace("{time}", refusal.limit)
    said = refusal.message.partition(" UTC: ")[2]
    return f"{text} “{said}”" if said else text


def _connection(_: Gettext) -> dict[str, str]:
    return {
        "connection.connecting": _("Connecting…"),
        "connection.live": _("Connected"),
        "connection.offline": _("No connection. What you write is kept and sent when you are back."),
        "connection.trouble": _("The server does not answer. Trying again…"),
        "connection.caught_up": _("Back again. Nothing was missed."),
        "connection.caught_up_one": _("Back again, with 1 comment from meanwhile."),
        "connection.caught_up_many": _("Back again, with {n} comments from meanwhile."),
        "people.one": _("1 person watching"),
        "people.many": _("{n} people watching"),
        "status.scheduled": _("Not started"),
        "status.open": _("Live"),
        "status.closed": _("Ended"),
    }


def _comments(_: Gettext) -> dict[str, str]:
    return {
        "new.one": _("1 new comment"),
        "new.many": _("{n} new comments"),
        "comment.count": _("said {n} times"),
        "state.queued": _("Kept. It will be sent when the connection is back."),
        "state.sending": _("Sending…"),
        "state.checking": _("Checking…"),
        "state.slow": _("Checking takes longer than usual. You need not do anything."),
        "state.shown": _("Shown"),
        "state.shown_card": _("Shown, with a source card"),
        "state.held": _("Held for a person to look at"),
        "state.rejected": _("Not shown"),
        "appeal.open": _("You objected; a moderator will look."),
        "appeal.granted": _("You objected, and a moderator agreed."),
        "appeal.kept": _("You objected; a moderator looked again and kept the decision."),
        "appeal.sent": _("Thank you. A moderator will look, and you will be told here."),
        "own.more": _("Take back or object"),
        "erase.done": _("Its words are erased."),
        "report.sent": _("Thank you. A moderator will see your report."),
        "report.again": _("You have reported this already."),
        "report.kept": _("A moderator has looked at this comment and kept it."),
        "report.enough": _("Several of your reports still wait for a moderator. Thank you; please wait for them."),
        "hidden.person": _("You no longer see what {nick} writes."),
        "hidden.undo": _("Show again"),
        "compose.comment": _("Say something"),
        "compose.question": _("Ask a question"),
        "compose.left": _("{n} characters left"),
        "compose.over": _("{n} characters too many"),
        "compose.empty": _("Write something first."),
        "compose.nick": _("Choose a nickname first."),
        "compose.scheduled": _("You can write as soon as the broadcast starts."),
        "compose.closed": _("This broadcast has ended. Thank you for being there."),
    }


def _reasons(_: Gettext) -> dict[str, str]:
    """Why a comment was held or not shown: one for each facts.ReasonCode."""
    return {
        "reason.contact": _("It looks like an invitation to a private chat, a number or a link."),
        "reason.promotion": _("It reads like an advertisement."),
        "reason.abuse": _("It could hurt somebody."),
        "reason.repetition": _("The same words came many times in a row."),
        "reason.misinformation": _("It may be misleading, so somebody who knows will look first."),
        "reason.claim": _("It touches on something that is often misunderstood; a source may help."),
        "reason.unsure": _("Our checks were not sure, so a person decides."),
        "reason.person": _("A moderator decided this."),
        "reason.erased": _("It was taken back: its words are erased."),
        "reason.reported": _("Viewers reported it; a person looks before it appears again."),
    }


def _refusals(_: Gettext) -> dict[str, str]:
    """Why a command was not carried out: one for each commands.RefusalCode."""
    return {
        "refusal.invalid": _("That does not fit. Please check what you entered."),
        "refusal.unknown": _("That is not there any more."),
        "refusal.closed": _("That is not open at the moment."),
        "refusal.rate": _("A little slower, please. The next one can go in {n} s."),
        "refusal.slowed": _(
            "You are slowed down until {time}: one comment in 30 seconds. The next one can go in {n} s."
        ),
        "refusal.forbidden": _("Sign in with the link that you were given to do this."),
        "refusal.restricted": _("A moderator has closed this to you until {time}. You can still object to a decision."),
        "refusal.not_joined": _("The connection was lost just then. Please send it again."),
        "refusal.conflict": _("That has been done already."),
        "refusal.unavailable": _("The server could not keep it. Your text is still here: please send it again."),
    }


def _questions(_: Gettext) -> dict[str, str]:
    return {
        "question.waiting": _("Waiting"),
        "question.answering": _("Answering now"),
        "question.answered": _("Answered"),
        "question.later": _("Answered later"),
        "question.dismissed": _("Set aside"),
        "question.vote": _("I want to know this too"),
        "question.votes_one": _("1 vote"),
        "question.votes_many": _("{n} votes"),
        "asker.answering": _("Your question is being answered now."),
        "asker.answered": _("Your question has been answered."),
        "asker.later": _("Your question will be answered later, after the broadcast."),
        "asker.dismissed": _("The hosts have set your question aside. You are welcome to ask another one."),
        "answer.label": _("Answer:"),
    }


def _campaign(_: Gettext) -> dict[str, str]:
    return {
        "campaign.logged": _("Logged and counted. Thank you."),
        "campaign.review": _("Logged. A person will look at it before it counts:"),
        "campaign.repeated": _("This trip was logged already; it counts once."),
        "campaign.saving": _("Saving…"),
        "campaign.range": _("Estimated avoided: {low} to {high} kg CO2e"),
        "campaign.your_team": _("your team"),
        "campaign.open_team": _("Open team"),
        "campaign.status.counted": _("Counted"),
        "campaign.status.review": _("Waiting for a check"),
        "campaign.status.rejected": _("Not counted"),
        "campaign.status.withdrawn": _("Taken back"),
    }


def _picture(_: Gettext) -> dict[str, str]:
    return {
        "picture.failed": _("The picture cannot be shown right now. Comments and questions go on."),
        "picture.retry": _("Trying again…"),
        "danmaku.reduced": _("Off, because your device asks for less motion."),
        "share.copied": _("Link copied"),
        "share.copy": _("Copy link"),
        "mark.own": _("you"),
        "mark.simulated": _("simulated"),
    }
