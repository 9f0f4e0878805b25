"""May this person do this, here and now? Role, open broadcast, restrictions by people, rates. Used by `hub.py` alone.

The clock that restrictions end by is handed in; rates count on the monotonic one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from streamhub.commands import Refused, refuse
from streamhub.facts import ViewerRestricted
from streamhub.live.acts import Act
from streamhub.live.admission import ACT_RATE, ADDRESS_RATE, SLOW_RATE, Person, Rates, bar, slowed
from streamhub.state import restrictions
from streamhub.state.broadcast import BroadcastState


class Gate:
    """One for all broadcasts of a process: a viewer's rate is kept wherever they speak."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rates = Rates()

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

    def admit(self, person: Person, name: str, act: Act, code: str, state: BroadcastState) -> None:
        """Raise Refused if not. Moderators and hosts are held to no rate."""
        if not person.may(act.role, code):
            raise refuse("forbidden", f"this needs the {act.role}'s role: sign in with the link that you were given")
        if act.needs_open and state.details.status != "open":
            raise refuse("closed", f"the broadcast is {state.details.status}, not open")
        if person.moderates(code):
            return
        now, now_ms = time.monotonic(), self.now_ms()
        if restriction := restrictions.of(state.restrictions, person.viewer, now_ms):
            bar(restriction, name, now_ms)
            if name == "comment":
                self._slow_down(restriction, person, now)
        self._rates.take(name, person.viewer, act.rate, now)
        if person.via != "replay":
            self._rates.take("address", person.address, ADDRESS_RATE, now)

    def _slow_down(self, restriction: ViewerRestricted, person: Person, now: float) -> None:
        try:
            self._rates.take("slow", person.viewer, SLOW_RATE, now)
        except Refused as refused:
            raise slowed(restriction, refused.refusal.retry_after) from None

    def slow(self, kind: str, person: Person) -> None:
        """The common rate, for what is no act of a broadcast: joining, acts of campaigns."""
        self._rates.take(kind, person.viewer, ACT_RATE, time.monotonic())
