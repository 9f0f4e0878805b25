"""Documents and code agree: the protocol is the types', the walk and the words name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from web.protocol import TARGET, document

ROOT = Path(__file__).parent.parent.parent


def test_the_protocol_is_that_of_the_types() -> None:
    assert TARGET.read_text("utf-8") == document(), "run: .venv/bin/python -m web.protocol"


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
def test_paths_that_documents_name_exist(page: Path) -> None:
    named = re.findall(r"`((?:streamhub|moderation|campaigns|web|tests|docs)/[\w./*-]*)`", page.read_text("utf-8"))
    missing = [path for path in named if not list(ROOT.glob(path.rstrip("/")))]
    assert missing == []


def test_functions_that_the_walk_names_exist() -> None:
    code = "\n".join(path.read_text("utf-8") for path in ROOT.glob("streamhub/**/*.py"))
    walk = (ROOT / "docs" / "walk.md").read_text("utf-8")
    names = re.findall(r"`(?:[A-Z]\w+|acts|views|commands|state\.broadcast|admission)\.(\w+)`", walk)
    assert len(names) > 8
    assert [name for name in names if not re.search(rf"\b(?:def|class) {name}\b", code)] == []
