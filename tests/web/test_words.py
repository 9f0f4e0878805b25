"""Every text that a page says has its Chinese, with the same places to fill; every reason has its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from babel.messages.extract import extract

from streamhub.commands import RefusalCode
from streamhub.facts import QuestionStatus, ReasonCode
from web.build import LOCALES, WEB, merged
from web.texts import watch_texts

KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
PLACE = re.compile(r"\{\w+\}|%\(\w+\)[sd]")


def said() -> Iterator[tuple[Path, str | None, str]]:
    """(file, context, text) of everything marked for translation in templates and pages."""
    for path in sorted([*WEB.rglob("*.html"), *WEB.rglob("*.py")]):
        method = "jinja2" if path.suffix == ".html" else "python"
        with path.open("rb") as file:
            for _, text, _, context in extract(
                method, file, keywords=KEYWORDS, options={"extensions": "jinja2.ext.do"}
            ):
                yield path, context, text if isinstance(text, str) else text[0]


def test_everything_has_its_chinese() -> None:
    chinese = merged(LOCALES / "zh_CN")
    missing = [
        f"{path.relative_to(WEB)}: {text}"
        for path, context, text in said()
        if (found := chinese.get(text, context)) is None or not found.string
    ]
    assert missing == []


def test_places_to_fill_are_the_same_in_both_languages() -> None:
    for message in merged(LOCALES / "zh_CN"):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = set(PLACE.findall(ids[-1]))
        for string in strings:
            assert set(PLACE.findall(string)) <= wanted, message.id


def test_every_reason_refusal_and_state_has_its_words() -> None:
    texts = watch_texts(str)
    for prefix, codes in (("reason", ReasonCode), ("refusal", RefusalCode), ("question", QuestionStatus)):
        for code in get_args(codes):
            assert texts[f"{prefix}.{code}"]
