"""The rules of `data/patterns.toml`, matched in linear time: which rule of each kind fires on a comment.

Called once per comment by `judge.py`; the checks beside this file say what follows. All patterns of one form are
one RE2 filter: a literal search first, then only the few patterns whose letters occur. A rule fires when its
pattern is found after the words that it names as harmless, and those that this broadcast allows, were blanked out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import msgspec
import re2

from moderation.normalise import Reading

Group = Literal["contact", "promotion", "abuse", "evidence"]
GROUPS: tuple[Group, ...] = get_args(Group)
Form = Literal["squeezed", "folded"]
Clear = Callable[[Reading], Reading]
"""Blanks out what a broadcast allows."""


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    form: Form
    match: str
    unless: str = ""


class _Rules(msgspec.Struct, forbid_unknown_fields=True):
    contact: list[_Rule]
    promotion: list[_Rule]
    abuse: list[_Rule]
    evidence: list[_Rule]


class Rule(msgspec.Struct, frozen=True):
    id: str
    group: Group
    form: Form
    match: Any
    unless: Any
    rank: int
    """Place in the file: of several rules of one group that fire, the first is named."""

    def holds(self, text: str) -> bool:
        """Whether it still fires on a text that its pattern was found in, once the harmless words are gone."""
        return self.unless is None or self.match.search(self.unless.sub("·", text)) is not None


class Rulebook:
    def __init__(self, rules: Sequence[Rule]) -> None:
        self._by_form: dict[Form, list[Rule]] = {
            form: [rule for rule in rules if rule.form == form] for form in get_args(Form)
        }
        self._filters = {form: _filter(rule.match.pattern for rule in some) for form, some in self._by_form.items()}

    def fired(self, reading: Reading, clear: Clear | None = None) -> dict[Group, str]:
        """Group -> the id of its first rule that fires. Only a comment that some rule found is cleared."""
        found = self._found(reading)
        if found and clear is not None and (cleared := clear(reading)) is not reading:
            found = self._found(cleared)
        first: dict[Group, Rule] = {}
        for rule in found:
            if rule.group not in first or rule.rank < first[rule.group].rank:
                first[rule.group] = rule
        return {group: rule.id for group, rule in first.items()}

    def _found(self, reading: Reading) -> list[Rule]:
        return [*self._found_in("squeezed", reading.squeezed), *self._found_in("folded", reading.folded)]

    def _found_in(self, form: Form, text: str) -> list[Rule]:
        rules = self._by_form[form]
        return [rules[i] for i in self._filters[form].Match(text) or () if rules[i].holds(text)]


def _filter(patterns: Iterable[str]) -> Any:
    """Never passes over a pattern that would match; `tests/moderation/test_rules.py` compares it with each alone."""
    found = re2.Filter()
    for pattern in patterns:
        found.Add(pattern)
    found.Compile()
    return found


@cache
def all_rules() -> tuple[Rule, ...]:
    """Read once; a broken pattern or an unknown field is an error at the first use, with its place."""
    text = files("moderation").joinpath("data/patterns.toml").read_text("utf-8")
    read_in = msgspec.convert(tomllib.loads(text), _Rules)
    listed = [(group, rule) for group in GROUPS for rule in getattr(read_in, group)]
    return tuple(
        Rule(
            rule.id, group, rule.form, re2.compile(rule.match), re2.compile(rule.unless) if rule.unless else None, rank
        )
        for rank, (group, rule) in enumerate(listed)
    )


@cache
def rulebook() -> Rulebook:
    return Rulebook(all_rules())
