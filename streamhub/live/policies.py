"""Acts that change how a broadcast is moderated, and by whom: preset, claims, words, consent, revoked roles.
Registered for `hub.py`.

They are for hosts and organizers; whoever only moderates judges by the policy and does not set it. The
moderation worker reads the facts that they make.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from streamhub.commands import (
    AddClaim,
    ChoosePolicy,
    ConsentTraining,
    ListWord,
    RevokeRoles,
    UnlistWord,
    WithdrawClaim,
    refuse,
)
from streamhub.facts import (
    ClaimAdded,
    ClaimWithdrawn,
    Fact,
    PolicyChosen,
    RolesRevoked,
    TrainingConsented,
    WordEffect,
    WordListed,
    WordUnlisted,
)
from streamhub.live.acts import Given, act, readable
from streamhub.live.admission import Person
from streamhub.live.reviewing import web_address
from streamhub.state.broadcast import BroadcastState

CLAIMS_LIMIT = 60
WORDS_LIMIT = 200


@act("choose_policy", ChoosePolicy, role="host")
def choose_policy(state: BroadcastState, command: ChoosePolicy, person: Person, _: Given) -> Fact:
    if state.policy.preset == command.preset:
        raise refuse("conflict", "this is in force already", field="preset")
    return PolicyChosen(preset=command.preset, by=person.actor, reason=readable(command.reason))


@act("add_claim", AddClaim, role="host")
def add_claim(state: BroadcastState, command: AddClaim, person: Person, _: Given) -> Fact:
    """Refused without a source, and without claim and fact in the same language."""
    texts = {name: readable(getattr(command, name)) for name in ("claim_zh", "claim_en", "fact_zh", "fact_en")}
    _complete(texts)
    source = readable(command.source)
    if not source:
        raise refuse("invalid", "a claim needs the source of its fact", field="source")
    url = web_address(command.url)
    if len(state.policy.claims) >= CLAIMS_LIMIT:
        raise refuse("conflict", "withdraw a claim first", field="claim_zh", limit=f"<= {CLAIMS_LIMIT}")
    for known in state.policy.claims.values():
        if (known.claim_zh, known.claim_en) == (texts["claim_zh"], texts["claim_en"]):
            raise refuse("conflict", "this claim is there already", field="claim_zh")
    made = hashlib.blake2s(f"{person.viewer}:{command.once}".encode(), digest_size=4).hexdigest()
    return ClaimAdded(id=f"own-{made}", **texts, source=source, url=url, by=person.actor)


def _complete(texts: dict[str, str]) -> None:
    """Raise Refused naming the field that is missing."""
    if any(texts[f"claim_{language}"] and texts[f"fact_{language}"] for language in ("zh", "en")):
        return
    given = next((language for language in ("zh", "en") if texts[f"claim_{language}"] or texts[f"fact_{language}"]), "")
    language = given or "zh"
    field = f"claim_{language}" if not texts[f"claim_{language}"] else f"fact_{language}"
    raise refuse("invalid", "write the claim and the fact that answers it, in the same language", field=field)


@act("withdraw_claim", WithdrawClaim, role="host")
def withdraw_claim(state: BroadcastState, command: WithdrawClaim, person: Person, _: Given) -> Fact:
    if command.claim not in state.policy.claims:
        raise refuse("unknown", "this broadcast has no such claim of its own", field="claim")
    return ClaimWithdrawn(claim=command.claim, by=person.actor, reason=readable(command.reason))


@act("list_word", ListWord, role="host")
def list_word(state: BroadcastState, command: ListWord, person: Person, _: Given) -> Fact:
    return listed(state.policy.words, command, person.actor)


@act("unlist_word", UnlistWord, role="host")
def unlist_word(state: BroadcastState, command: UnlistWord, person: Person, _: Given) -> Fact:
    return unlisted(state.policy.words, command, person.actor)


def listed(words: Mapping[str, WordEffect], command: ListWord, by: str) -> WordListed:
    """The same for a broadcast's list and a campaign's: words and addresses, at most `WORDS_LIMIT`."""
    word = readable(command.word).casefold()
    if len(word) < 2:
        raise refuse("invalid", "one letter would fit almost everything", field="word", limit=">= 2")
    if words.get(word) == command.effect:
        raise refuse("conflict", "this word is listed already", field="word")
    if word not in words and len(words) >= WORDS_LIMIT:
        raise refuse("conflict", "take a word off first", field="word", limit=f"<= {WORDS_LIMIT}")
    return WordListed(word=word, effect=command.effect, by=by, reason=readable(command.reason))


def unlisted(words: Mapping[str, WordEffect], command: UnlistWord, by: str) -> WordUnlisted:
    if command.word not in words:
        raise refuse("unknown", "this word is not listed", field="word")
    return WordUnlisted(word=command.word, by=by, reason=readable(command.reason))


@act("consent", ConsentTraining, role="organizer")
def consent(state: BroadcastState, command: ConsentTraining, person: Person, _: Given) -> Fact:
    if state.policy.training == command.given:
        raise refuse("conflict", "this is so already", field="given")
    return TrainingConsented(given=command.given, by=person.actor)


@act("revoke_roles", RevokeRoles, role="organizer")
def revoke_roles(state: BroadcastState, command: RevokeRoles, person: Person, _: Given) -> Fact:
    return RolesRevoked(by=person.actor)
