"""A campaign's part of the report: trips by SQL over its archive, figures and teams by the module's own rules.

Both read the same archived facts. Where they differ, the report says so: the live boards follow the rules,
which also weigh what two entries mean beside each other. Called by `build.py`, in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from streamhub.campaign import CampaignModule, Figure
from streamhub.state.projection import Entry
from web.report import shape
from web.report.archive_base import ArchiveBase

TEAMS_LISTED = 10
SAME = 1e-6
"""Two ways of adding the same metres differ by less."""

COMPARED = ("trips", "km", "people", "review")

Modules = Mapping[str, CampaignModule[Any]]


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What the module says."""

    figures: tuple[Figure, ...] = ()
    teams: tuple[shape.Team, ...] = ()
    ranked_by: str = ""
    units: dict[str, str] = {}


def campaign_part(base: ArchiveBase, campaign: str, path: Path, modules: Modules) -> shape.Campaign:
    as_of = base.open(path, "campaign_facts")
    details = base.row("campaign")
    module = modules.get(details["module"])
    folded = _fold(base, module) if module else Folded()
    trips = shape.Trips(**base.row("travel")) if module and details["module"] == "travel" else None
    return shape.Campaign(
        id=campaign,
        **details,
        as_of=as_of,
        trips=trips,
        figures=folded.figures,
        teams=folded.teams,
        ranked_by=folded.ranked_by,
        units=folded.units,
        basis=module.basis if module else None,
        disagreements=tuple(_disagreements(trips, folded.figures)) if trips else (),
    )


def _fold(base: ArchiveBase, module: CampaignModule[Any]) -> Folded:
    decoder = msgspec.json.Decoder(module.facts)
    state = module.initial()
    members: set[str] = set()
    for row in base.rows("campaign_entries"):
        members.update(module.evolve(state, Entry(row["id"], decoder.decode(row["fact"]))))
    ranked = next((board.name for board in module.boards if board.ranked), "")
    return Folded(
        figures=tuple(module.figures(state)),
        teams=_teams(module.scores(state, members), ranked),
        ranked_by=ranked,
        units={board.name: board.unit for board in module.boards},
    )


def _teams(scores: Mapping[str, Mapping[str, float]], ranked: str) -> tuple[shape.Team, ...]:
    """The first of the ranked board, with their other numbers; equal ones by name."""
    order = sorted((-value, member) for member, value in scores.get(ranked, {}).items() if value > 0)
    return tuple(
        shape.Team(member=member, values={board: of[member] for board, of in scores.items() if member in of})
        for _, member in order[:TEAMS_LISTED]
    )


def _disagreements(trips: shape.Trips, figures: Sequence[Figure]) -> list[shape.Disagreement]:
    by_rules = {figure.name: figure.value for figure in figures}
    found = []
    for name in COMPARED:
        counted = float(getattr(trips, name))
        if name in by_rules and abs(by_rules[name] - counted) > SAME:
            found.append(shape.Disagreement(name=name, from_facts=counted, from_rules=by_rules[name]))
    return found
