"""The command line without a server: help, examples, documentation, wrong use, nobody there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from web.cli import streamhub

DOCUMENT = Path(__file__).parents[2] / "docs" / "command-line.md"


def commands(
    group: click.Group = streamhub, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The installed program, as a shell would start it."""
    return subprocess.run(
        [sys.executable, "-m", "web.cli", *arguments], capture_output=True, text=True, timeout=60,
        env={**os.environ, **env},
    )  # fmt: skip


@pytest.mark.parametrize("path", [(), *sorted({path[:1] for path in ALL}), *ALL], ids=" ".join)
def test_every_help_says_what_it_does_and_ends_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(streamhub, [*path, "--help"])
    assert result.exit_code == 0
    example = result.output.partition("\nExample:\n")[2]
    assert " ".join(("streamhub", *path)) in example
    assert len(result.output.splitlines()) > 6


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_an_example_is_right_use(path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example parses: its options exist and what is needed is given."""
    monkeypatch.chdir(tmp_path)
    for name in ("evening.xml", "labelled.jsonl", "trips.csv", "careful.toml"):
        (tmp_path / name).touch()
    example = ALL[path].example.replace("\\\n", " ").partition(" | ")[0]  # type: ignore[attr-defined]
    words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", example)]
    given = words[words.index("streamhub") + 1 + len(path) :]
    ALL[path].make_context(path[-1], given)


def test_the_documentation_and_the_program_name_the_same_commands_and_options() -> None:
    text = DOCUMENT.read_text("utf-8")
    documented = re.findall(r"^## `streamhub ([a-z ]+)`\n    (.+)$", text, re.MULTILINE)
    assert [name for name, _ in documented] == [" ".join(path) for path in sorted(ALL, key=_place)]
    for name, example in documented:
        assert f"streamhub {name}" in example
    known = {option for command in ALL.values() for each in command.params for option in each.opts}
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= known | {"--help"}
    hidden = {"--demo-speed"}
    assert {option for option in known if option.startswith("--")} - hidden <= set(re.findall(r"--[a-z][a-z-]+", text))


def _place(path: tuple[str, ...]) -> tuple[int, int]:
    """In the order of `streamhub --help`."""
    group = list(streamhub.commands)
    inner = streamhub.commands[path[0]]
    return group.index(path[0]), list(inner.commands).index(path[1]) if isinstance(inner, click.Group) else 0


@pytest.mark.parametrize(("arguments", "said"), [
    (["broadcast", "create", "--code", "reef", "--title", "x"], "code: must be 3 to 24 capital letters"),
    (["broadcast", "create", "--code", "REEF", "--title", "x" * 121], "title: must have at most 120 characters"),
    (["broadcast", "create", "--code", "REEF", "--title", "x", "--starts-at", "soon"], "--starts-at: 'soon'"),
    (["broadcast", "create", "--code", "REEF", "--title", "x", "--stage", "youtube"], "--stage: must be"),
    (["broadcast", "create", "--title", "x"], "--code"),
    (["campaign", "create", "--id", "WEEK", "--title", "x", "--starts-on", "2026-12-02", "--ends-on", "2026-12-01"],
     "--ends-on: must not be before"),
    (["campaign", "create", "--id", "WEEK", "--title", "x", "--starts-on", "2026-13-02", "--ends-on", "2026-12-01"],
     "--starts-on: '2026-13-02'"),
    (["replay", "missing.xml", "--broadcast", "REEF"], "missing.xml"),
    (["report", "REEF", "--format", "pdf"], "pdf"),
    (["log", "REEF", "--url", "ftp://x", "--token", "t"], "--url: must begin with http"),
    (["log", "REEF", "--url", "http://x"], "STREAMHUB_TOKEN"),
    (["serve", "--port", "70000"], "--port"),
    (["dance"], "dance"),
])  # fmt: skip
def test_wrong_use_is_exit_code_2_and_a_sentence(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text('{"url": "http://127.0.0.1:9"}')
    done = CliRunner().invoke(streamhub, arguments, env={"STREAMHUB_DATA": str(tmp_path), "STREAMHUB_TOKEN": ""})
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_no_server_is_exit_code_1_and_says_what_to_do(tmp_path: Path) -> None:
    done = run("broadcast", "list", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "streamhub serve --data" in done.stderr
    (tmp_path / "server.json").write_text('{"url": "http://127.0.0.1:9"}')
    done = run("broadcast", "list", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "streamhub doctor" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_environment_is_a_sentence(tmp_path: Path) -> None:
    done = run("broadcast", "list", STREAMHUB_PORT="many")
    assert done.returncode == 1
    assert "STREAMHUB_" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "streamhub")


def test_moderation_is_evaluated_without_a_server(tmp_path: Path, model: Path) -> None:
    file, rows = tmp_path / "labelled.jsonl", tmp_path / "verdicts.jsonl"
    file.write_text(
        '{"text": "小丑鱼真可爱", "label": "ok"}\nnot json\n{"text": "加薇 ab c 1 2 3 4", "label": "promotion"}\n'
    )
    done = CliRunner().invoke(
        streamhub, ["moderation", "evaluate", str(file), "--rows", str(rows), "--json", "--data", str(tmp_path)],
        env={"STREAMHUB_MODEL": str(model)},
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert (result["rows"], result["malformed"], result["mistakes"][0]["line"]) == (2, 1, 2)
    assert len(rows.read_text("utf-8").splitlines()) == 2
    file.write_text("not json\n")
    done = CliRunner().invoke(
        streamhub, ["moderation", "evaluate", str(file), "--data", str(tmp_path)], env={"STREAMHUB_MODEL": str(model)}
    )
    assert done.exit_code == 1
