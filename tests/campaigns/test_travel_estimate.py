"""Estimated avoided CO2e against values worked out by hand from the DESNZ 2025 table."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.travel.estimate import BASIS, FACTORS, MEAN, avoided
from campaigns.travel.facts import Mode, Replaced

MODES = get_args(Mode)
REPLACED = get_args(Replaced)


def kg(mode: Mode, km: float, replaces: Replaced = "") -> tuple[float, float]:
    low, high = avoided(mode, round(km * 1000), replaces)
    return low / 1e6, high / 1e6


def test_eight_kilometres_by_metro_avoid_at_most_one_kilogram() -> None:
    """8 x (0.16272 - 0.0278) = 1.07936 at most; at least 8 x (0.097542 - 0.0278) = 0.55793."""
    low, high = kg("metro", 8)
    assert high == pytest.approx(1.07936, abs=1e-6)
    assert round(high, 2) == 1.08
    assert low == pytest.approx(0.557933, abs=1e-6)


def test_the_mean_of_motorised_modes_is_the_plain_mean_of_six() -> None:
    """(0.16272 + 0.14861 + 0.11367 + 0.10385 + 0.0286 + 0.0278) / 6"""
    assert pytest.approx(0.0975417, abs=1e-7) == MEAN


@pytest.mark.parametrize(
    ("mode", "km", "replaces", "low", "high"),
    [
        ("walk", 2, "", 0.195083, 0.32544),
        ("bike", 5, "", 0.487708, 0.8136),
        ("bike", 5, "car", 0.8136, 0.8136),
        ("bike", 5, "taxi", 0.74305, 0.74305),
        ("ebike", 10, "", 0.951217, 1.603),
        ("bus", 10, "", 0, 0.5887),
        ("bus", 10, "car", 0.5887, 0.5887),
        ("metro", 8, "bus", 0.6084, 0.6084),
        ("train", 100, "car", 12.726, 12.726),
        ("metro", 8, "none", 0, 0),
        ("metro", 8, "walk", 0, 0),
        ("bus", 3, "bike", 0, 0),
    ],
)
def test_by_hand(mode: Mode, km: float, replaces: Replaced, low: float, high: float) -> None:
    assert kg(mode, km, replaces) == pytest.approx((low, high), abs=2e-6)


@given(st.sampled_from(MODES), st.integers(50, 2_000_000), st.sampled_from(REPLACED))
def test_a_range_is_never_negative_never_upside_down_and_never_more_than_a_car_emits(
    mode: Mode, metres: int, replaces: Replaced
) -> None:
    low, high = avoided(mode, metres, replaces)
    assert 0 <= low <= high <= FACTORS["car"].value * metres * 1000 + 1
    assert (low == high) or not replaces


def test_every_mode_has_a_factor_with_its_source_and_all_share_year_region_and_boundary() -> None:
    text = files("campaigns.travel").joinpath("data/factors.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert {*MODES, *REPLACED} - {"", "none"} == {row["mode"] for row in rows}
    assert {(row["year"], row["region"], row["boundary"]) for row in rows} == {("2025", "GB", "direct")}
    assert all(row["source"] and row["url"].startswith("https://") and row["licence"] for row in rows)
    assert (BASIS.year, BASIS.region) == (2025, "GB")


def test_the_electric_bicycle_is_what_its_source_says() -> None:
    """13.67 Wh/km x 0.177 kg/kWh"""
    assert FACTORS["ebike"].value == pytest.approx(0.01367 * 0.177, abs=1e-6)


def test_the_readme_has_the_factors_and_limits_that_are_used() -> None:
    module = files("campaigns.travel")
    readme = module.joinpath("README.md").read_text("utf-8")
    for name, columns in (("factors", ("mode", "value", "in_mean")), ("limits", ())):
        for row in csv.DictReader(module.joinpath(f"data/{name}.csv").read_text("utf-8").splitlines()):
            cells = [row[column] for column in columns or row]
            assert "| " + " | ".join(cells) + " |" in readme
