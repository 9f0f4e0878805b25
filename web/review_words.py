"""Rules, claims and their kinds in the reader's words: what the desk says beside a held comment.

Called by `pages/host.py`, which hands the tables to the page and its island. The names of rules are data
(`moderation/data/rules.csv`), as rules are.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from moderation.claim_kinds import claim_kinds

Say = Callable[[str], str]


def rules(_: Say, language: str) -> dict[str, str]:
    """Rule, or part of the model -> its name. Those of `facts.Reason.rule` that say nothing more have ""."""
    parts = {
        "head": _("by the model"),
        "linear": _("by its letters"),
        "doubt": "",
        "word": "",
        "model_missing": "",
        "overload": "",
        "check_failed": "",
        "by_one": _("one person again and again"),
        "by_many": _("many people at once"),
    }
    return parts | {row["id"]: row["zh" if language == "zh_CN" else "en"] for row in _named()}


def unsure(_: Say) -> dict[str, str]:
    """ "unsure.RULE" -> why nobody but a person can say: beside `desk.words()["reason"]`."""
    return {
        "unsure.word": _("Has a word that waits for a person here"),
        "unsure.model_missing": _("The model is not there, and no rule knows this"),
        "unsure.overload": _("Too much at once: the model has not looked yet"),
        "unsure.check_failed": _("A check broke on this comment: please judge yourself"),
    }


def kinds(_: Say) -> dict[str, str]:
    """Claim -> what is said with it in general, its CARDS code, and the fallacy; "" parts are left out."""
    said, fallacies = _said(_), _fallacies(_)
    found = {}
    for claim, kind in claim_kinds().items():
        general = f"{said[kind.cards[0]]} (CARDS {kind.cards})" if kind.cards else ""
        found[claim] = " · ".join(part for part in (general, fallacies[kind.fallacy]) if part)
    return found


def _said(_: Say) -> dict[str, str]:
    return {
        "1": _("It is not happening"),
        "2": _("It is not us"),
        "3": _("It is not bad"),
        "4": _("What is done does not help"),
        "5": _("Science and its friends cannot be trusted"),
    }


def _fallacies(_: Say) -> dict[str, str]:
    return {
        "": "",
        "ad hominem": _("attacks the person"),
        "anecdote": _("one story for all"),
        "cherry picking": _("picks what fits"),
        "conspiracy theory": _("tells of a plot"),
        "fake experts": _("cites those who do not know"),
        "false choice": _("only two ways, where there are more"),
        "false equivalence": _("puts unlike things level"),
        "impossible expectations": _("asks for the impossible"),
        "misrepresentation": _("gets the matter wrong"),
        "oversimplification": _("makes it too simple"),
        "single cause": _("one cause for everything"),
        "slothful induction": _("passes over the evidence"),
    }


@cache
def _named() -> tuple[dict[str, str], ...]:
    text = files("moderation").joinpath("data/rules.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))
