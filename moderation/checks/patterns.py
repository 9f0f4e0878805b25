"""Rules of one kind out of `data/patterns.toml`, matched in linear time.

Called by `contact.py`, `promotion.py` and `abuse.py`. A rule fires when its pattern is found after the words that it
names as harmless were blanked out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import re2

from moderation.normalise import Reading

Group = Literal["contact", "promotion", "abuse"]


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    form: Literal["squeezed", "folded"]
    match: str
    unless: str = ""


class _Rules(msgspec.Struct, forbid_unknown_fields=True):
    contact: list[_Rule]
    promotion: list[_Rule]
    abuse: list[_Rule]


class Compiled(msgspec.Struct, frozen=True):
    id: str
    squeezed: bool
    match: Any
    unless: Any

    def fires(self, reading: Reading) -> bool:
        text = reading.squeezed if self.squeezed else reading.folded
        if self.match.search(text) is None:
            return False
        return self.unless is None or self.match.search(self.unless.sub("·", text)) is not None


@cache
def rules(group: Group) -> Sequence[Compiled]:
    """Read once; a broken pattern or an unknown field is an error at the first use, with its place."""
    text = files("moderation").joinpath("data/patterns.toml").read_text("utf-8")
    found = msgspec.convert(tomllib.loads(text), _Rules)
    return [_compiled(rule) for rule in getattr(found, group)]


def _compiled(rule: _Rule) -> Compiled:
    unless = re2.compile(rule.unless) if rule.unless else None
    return Compiled(rule.id, rule.form == "squeezed", re2.compile(rule.match), unless)


def first_that_fires(group: Group, reading: Reading) -> str:
    """The id of the first rule that fires, or ""."""
    return next((rule.id for rule in rules(group) if rule.fires(reading)), "")
