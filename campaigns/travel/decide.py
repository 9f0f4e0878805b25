"""From what a person asks to what is recorded. Courtesy: the fold settles what two hubs decide at once.

Called by the hub through the module value. Retries are safe: nothing is refused only because it is
already recorded, the hub's `once` sees to that.
"""

from __future__ import annotations

from campaigns.travel import rules
from campaigns.travel.acts import LogTrip, ReviewTrip, TravelAct, WithdrawTrip
from campaigns.travel.facts import TripLogged, TripReviewed, TripWithdrawn
from campaigns.travel.rules import refused
from campaigns.travel.state import TravelState, Trip, day_key
from campaigns.travel.texts import OPEN_TEAM
from streamhub.campaign import Actor

Fact = TripLogged | TripReviewed | TripWithdrawn

LEAST_METRES = 50
"""Shorter is a slip of the finger (kilometres are asked for)."""


def decide(state: TravelState, act: TravelAct, *, actor: Actor, now: int) -> list[Fact]:
    """The fact to append, or raises Refused. `now` in Unix ms."""
    match act:
        case LogTrip():
            return [_log(state, act, actor, now)]
        case WithdrawTrip():
            return [_withdraw(state, act, actor)]
        case ReviewTrip():
            return [_review(state, act, actor)]


def _log(state: TravelState, act: LogTrip, actor: Actor, now: int) -> TripLogged:
    if state.status != "open":
        raise refused("not_open")
    imported = actor.via == "import"
    metres = round(act.km * 1000)
    if metres < LEAST_METRES:
        raise refused("short", "km", f">= {LEAST_METRES / 1000}")
    late = rules.check_day(
        act.date,
        now=now,
        timezone=state.timezone,
        starts_on=state.starts_on,
        ends_on=state.ends_on,
        imported=imported,
    )
    same_day = [state.trips[trip] for trip in state.days.get(day_key(actor.person, act.date), [])]
    doubts = [
        *rules.doubts_alone(act.mode, metres, act.minutes),
        *rules.doubts_together(act.mode, metres, now, imported, same_day),
        *late,
    ]
    return TripLogged(
        person=actor.person,
        nick=actor.nick,
        team=_team(state, act, actor),
        date=act.date,
        mode=act.mode,
        km=metres / 1000,
        minutes=act.minutes,
        replaces=act.replaces,
        review=tuple(doubts),
        via=actor.via,
        row=act.row if imported else None,
    )


def _team(state: TravelState, act: LogTrip, actor: Actor) -> str:
    """As stated; else where this person travelled last; else the open team."""
    if act.team is not None:
        return rules.team_name(act.team)
    latest = state.team_of.get(actor.person, OPEN_TEAM)
    return "" if latest == OPEN_TEAM else latest


def _withdraw(state: TravelState, act: WithdrawTrip, actor: Actor) -> TripWithdrawn:
    if _known(state, act.trip).person != actor.person:
        raise refused("not_yours", "trip")
    return TripWithdrawn(trip=act.trip, by=actor.person)


def _review(state: TravelState, act: ReviewTrip, actor: Actor) -> TripReviewed:
    if actor.role not in ("host", "organizer"):
        raise refused("hosts_only")
    _known(state, act.trip)
    return TripReviewed(trip=act.trip, accepted=act.accepted, by=actor.person, reason=act.reason or "")


def _known(state: TravelState, trip: str) -> Trip:
    found = state.trips.get(trip)
    if found is None:
        raise refused("no_such_trip", "trip")
    return found
