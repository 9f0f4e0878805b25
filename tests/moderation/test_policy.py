"""A policy says every threshold, nothing else, and what is wrong with it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from moderation.policy import DEFAULT, PolicyRefused, load_policy, preset
from moderation.policy.file import PolicyFile


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
            if "=" in line and not line.startswith(("#", "name", "action", "extends")):
                assert before.startswith("#"), (path.name, line)


def test_unknown_key_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"mine.toml, line 30: .*hold_att.*abuse"):
        load_policy(changed(tmp_path, "[abuse]", "[abuse]\nhold_att = 0.9"))


def test_value_out_of_range_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"line 11: .*by_one"):
        load_policy(changed(tmp_path, "by_one = 3", "by_one = 1"))
    with pytest.raises(PolicyRefused, match=r"line 7: .*missing.*by_one"):
        load_policy(changed(tmp_path, "by_one = 3\n", ""))


def test_broken_or_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"mine\.toml"):
        load_policy(changed(tmp_path, "[abuse]", "[abuse"))
    with pytest.raises(PolicyRefused, match=r"none\.toml"):
        load_policy(tmp_path / "none.toml")


def test_version_follows_values_not_comments(tmp_path: Path) -> None:
    assert load_policy(changed(tmp_path, "[abuse]", "# more words\n[abuse]")).version == load_policy().version
    assert load_policy(changed(tmp_path, "by_one = 3", "by_one = 4")).version != load_policy().version


def test_a_policy_may_extend_a_preset_and_name_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('name = "ours"\nextends = "school"\n[words]\nallow = ["reef.org"]\n', "utf-8")
    ours, school = load_policy(path), preset("school")
    assert ours.abuse == school.abuse and ours.words.allow == ("reef.org",) and ours.version != school.version
    path.write_text('name = "ours"\nextends = "scool"\n', "utf-8")
    with pytest.raises(PolicyRefused, match=r"ours.toml, line 2: .*scool.*school"):
        load_policy(path)


def test_a_changed_file_is_in_force_and_a_broken_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("moderation.policy.file.LOOK_SECONDS", 0.0)
    path = tmp_path / "mine.toml"
    path.write_text(DEFAULT.read_text("utf-8"), "utf-8")
    file = PolicyFile(path)
    path.write_text(DEFAULT.read_text("utf-8").replace("by_one = 3", "by_one = 4"), "utf-8")
    assert file.current().repetition.by_one == 4
    path.write_text("[abuse]\nhold_att = 2\n", "utf-8")
    assert file.current().repetition.by_one == 4 and "mine.toml" in caplog.text
    path.unlink()
    assert file.current().repetition.by_one == 4
