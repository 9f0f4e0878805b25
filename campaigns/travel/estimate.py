"""Estimated avoided CO2e of one trip, as an interval. Called by `state.py`; shown by boards, pages, report.

All factors share one boundary (`data/factors.csv`): direct emissions in use, electricity at generation.
Integers (metres, milligrams) keep sums exact, whatever the order in which trips are counted and taken back.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import NamedTuple

from campaigns.travel.facts import Mode, Replaced
from streamhub.campaign import Basis


class Factor(NamedTuple):
    """`value` in kg CO2e per km for one person travelling."""

    mode: str
    value: float
    in_mean: bool


class Avoided(NamedTuple):
    """Milligrams of CO2e: between `low` and `high`, never below 0."""

    low: int
    high: int


def _read() -> dict[str, Factor]:
    text = files("campaigns.travel").joinpath("data/factors.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["mode"]: Factor(row["mode"], float(row["value"]), row["in_mean"] == "yes") for row in rows}


FACTORS = _read()
_IN_MEAN = [factor.value for factor in FACTORS.values() if factor.in_mean]
MEAN = sum(_IN_MEAN) / len(_IN_MEAN)
"""kg CO2e per km: the plain mean of car, taxi, motorcycle, bus, tram and metro, weighted by nobody's habits."""

BASIS = Basis(
    factor_set="UK DESNZ 2025",
    year=2025,
    region="GB",
    boundary="direct emissions in use (tank-to-wheel), electricity at generation; fuel supply and vehicles left out",
    baseline=(
        "at most: the same distance alone in an average petrol car; at least: the plain mean of car, taxi, "
        "motorcycle, bus, tram and metro; a stated replaced mode takes the place of both; a trip that would not "
        "have been made avoids 0"
    ),
    source="UK Government GHG conversion factors for company reporting 2025 (DESNZ)",
    url="https://www.gov.uk/government/publications/greenhouse-gas-reporting-conversion-factors-2025",
    licence="Open Government Licence v3.0",
)


def avoided(mode: Mode, metres: int, replaces: Replaced = "") -> Avoided:
    """What this trip may have avoided. Where the other way would have emitted less, the answer is 0."""
    if replaces == "none":
        return Avoided(0, 0)
    if replaces:
        stated = _against(FACTORS[replaces].value, mode, metres)
        return Avoided(stated, stated)
    return Avoided(_against(MEAN, mode, metres), _against(FACTORS["car"].value, mode, metres))


def _against(baseline: float, mode: Mode, metres: int) -> int:
    """kg/km x m = g, in milligrams."""
    return max(0, round((baseline - FACTORS[mode].value) * metres * 1000))
