"""A policy says every threshold, nothing else, and what is wrong with it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from moderation.policy import DEFAULT, PolicyRefused, load_policy


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = DEFAULT.read_text("utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def test_every_policy_in_the_folder_is_valid() -> None:
    for path in DEFAULT.parent.glob("*.toml"):
        assert load_policy(path).name == path.stem


def test_every_threshold_has_its_reason() -> None:
    for path in DEFAULT.parent.glob("*.toml"):
        lines = path.read_text("utf-8").splitlines()
        for before, line in pairwise(lines):
            if "=" in line and not line.startswith(("#", "name", "action")):
                assert before.startswith("#"), (path.name, line)


def test_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"mine.toml.*hold_att.*abuse"):
        load_policy(changed(tmp_path, "[abuse]", "[abuse]\nhold_att = 0.9"))


def test_value_out_of_range_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"by_one"):
        load_policy(changed(tmp_path, "by_one = 3", "by_one = 1"))


def test_broken_or_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"mine\.toml"):
        load_policy(changed(tmp_path, "[abuse]", "[abuse"))
    with pytest.raises(PolicyRefused, match=r"none\.toml"):
        load_policy(tmp_path / "none.toml")


def test_version_follows_values_not_comments(tmp_path: Path) -> None:
    assert load_policy(changed(tmp_path, "[abuse]", "# more words\n[abuse]")).version == load_policy().version
    assert load_policy(changed(tmp_path, "by_one = 3", "by_one = 4")).version != load_policy().version
