"""Low-carbon travel: people log trips, teams are ranked, avoided CO2e is estimated as a range.

`module` is the value that fulfils `streamhub.campaign.CampaignModule`; `web` hands it to the hub, the board
worker and the report. Files beside it: `importing.py` (CSV), `texts.py` (words in zh and en).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from campaigns.travel import shown
from campaigns.travel.acts import TravelAct
from campaigns.travel.decide import decide
from campaigns.travel.estimate import BASIS
from campaigns.travel.facts import TravelFact
from campaigns.travel.state import TravelState, evolve
from streamhub.campaign import Actor, Basis, BoardSpec, CampaignModule, Figure
from streamhub.state.projection import Entry


class Travel:
    """No state of its own: everything is in the `TravelState` that the caller keeps."""

    name: str = "travel"
    facts: Any = TravelFact
    acts: Any = TravelAct
    boards: Sequence[BoardSpec] = shown.BOARDS
    basis: Basis = BASIS

    def initial(self) -> TravelState:
        return TravelState()

    def evolve(self, state: TravelState, entry: Entry) -> Collection[str]:
        return evolve(state, entry)

    def decide(self, state: TravelState, act: Any, *, actor: Actor, now: int) -> Sequence[Any]:
        return decide(state, act, actor=actor, now=now)

    def scores(self, state: TravelState, members: Collection[str]) -> Mapping[str, Mapping[str, float]]:
        return shown.scores(state, members)

    def figures(self, state: TravelState) -> Sequence[Figure]:
        return shown.figures(state)

    def mine(self, state: TravelState, person: str) -> Mapping[str, Any]:
        return shown.mine(state, person)

    def to_review(self, state: TravelState) -> Sequence[Mapping[str, Any]]:
        """Beyond the contract: what hosts and organizers are asked to look at."""
        return shown.to_review(state)


module = Travel()

_fulfils: CampaignModule[TravelState] = module
