"""Who was there: viewers (one per signed cookie), and how many of them spoke."""

from __future__ import annotations

from streamhub.facts import CommentSubmitted, ViewerJoined
from streamhub.state.projection import Entry, Projected


class Audience(Projected):
    """viewer -> the nickname last used ("" until the first comment)."""

    nick_of: dict[str, str] = {}


def evolve(state: Audience, entry: Entry) -> None:
    match entry.fact:
        case ViewerJoined() as fact:
            state.nick_of.setdefault(fact.viewer, "")
        case CommentSubmitted() as fact:
            state.nick_of[fact.viewer] = fact.nick
        case _:
            pass
