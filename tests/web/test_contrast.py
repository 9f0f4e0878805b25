"""Every text pair of the tokens reads: 4.5:1 in light and in dark; edges of controls 3:1 (WCAG 2.2)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "web" / "browser" / "style" / "tokens.css"

PAIRS = [
    (text, ground) for text in ("ink", "ink-soft", "tide", "tide-strong") for ground in ("paper", "surface", "mist")
] + [
    ("on-tide", "tide"),
    ("on-tide", "tide-strong"),
    ("ink", "leaf-mist"),
    ("ink", "amber-mist"),
    ("ink", "coral-mist"),
    ("ink", "tide-mist"),
    ("ink-soft", "leaf-mist"),
    ("ink-soft", "amber-mist"),
    ("ink-soft", "coral-mist"),
    ("ink-soft", "tide-mist"),
    ("tide-strong", "tide-mist"),
    ("leaf", "leaf-mist"),
    ("leaf", "surface"),
    ("amber", "amber-mist"),
    ("amber", "surface"),
    ("coral", "coral-mist"),
    ("coral", "surface"),
    ("coral", "paper"),
    ("sand-ink", "sand"),
]


def themes() -> dict[str, dict[str, str]]:
    light, dark = TOKENS.read_text("utf-8").split("@media (prefers-color-scheme: dark)")
    named = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
    return {"light": dict(named.findall(light)), "dark": dict(named.findall(light)) | dict(named.findall(dark))}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_reads_on_its_ground(theme: str) -> None:
    colours = themes()[theme]
    low = {pair: ratio for pair in PAIRS if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 4.5}
    assert low == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_edge_of_a_field_is_seen(theme: str) -> None:
    colours = themes()[theme]
    assert contrast(colours["edge"], colours["surface"]) >= 3
    assert contrast(colours["edge"], colours["paper"]) >= 3


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return round((light + 0.05) / (dark + 0.05), 2)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
