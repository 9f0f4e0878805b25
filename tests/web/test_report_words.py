"""What readers of the report are told: every sentence in Chinese too, every column and figure in the documentation."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from campaigns.travel.estimate import BASIS
from campaigns.travel.facts import TravelFact
from streamhub.facts import BroadcastFact
from streamhub.record.archive_columns import columns_of
from web.render import HERE, LOCALES, environment
from web.report import shape
from web.report.words import Words

DOCUMENT = Path(__file__).parents[2] / "docs" / "report.md"
PAGES = [HERE / "templates" / "report.html", *sorted((HERE / "templates" / "report").glob("*.html"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_sentence_has_its_chinese(path: Path) -> None:
    with (LOCALES / "zh_CN" / "report.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    options = {"newstyle_gettext": "true", "encoding": "utf-8"}
    with path.open("rb") as source:
        for line, function, found, _ in babel_extract(source, ("_", "ngettext", "pgettext"), [], options):
            words = [word for word in (found if isinstance(found, tuple) else (found,)) if word is not None]
            context = words.pop(0) if function == "pgettext" else None
            message = catalogue.get(words[0], context)
            assert message, f"{path.name}:{line}: {words[0]!r} is not in report.po"
            assert message.string and message.string != ("",), f"{path.name}:{line}: {words[0]!r} has no Chinese"
            assert _holes(words[0]) <= _holes(str(message.string)) | {"num"}, words[0]


def _holes(text: str) -> set[str]:
    return {part.split(")")[0] for part in text.split("%(")[1:]}


def test_the_basis_of_the_estimate_is_in_chinese_too() -> None:
    with (LOCALES / "zh_CN" / "report.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    for text in (BASIS.boundary, BASIS.baseline):
        assert catalogue.get(text), text


@pytest.mark.parametrize("facts", [BroadcastFact, TravelFact])
def test_every_column_of_the_archive_is_documented(facts: object) -> None:
    documented = DOCUMENT.read_text("utf-8")
    for name in columns_of(facts).types:
        assert f"`{name}`" in documented, name


def test_every_sql_file_is_documented_or_lists_rows() -> None:
    documented = DOCUMENT.read_text("utf-8")
    for path in (HERE / "report").glob("*.sql"):
        assert path.read_text("utf-8").startswith("--"), path.name
        if path.stem not in ("broadcast", "campaign", "campaign_entries", "comments_listed", "questions_listed"):
            assert f"`{path.name}`" in documented, path.name


def test_numbers_and_times_are_written_as_readers_do() -> None:
    report = msgspec.convert({**EMPTY, "start": 1_795_345_200_000, "end": 1_795_352_700_000}, shape.Report)
    english, chinese = Words(report, "en"), Words(report, "zh_CN")
    assert report.start
    assert report.end
    assert english.period(report.start, report.end) == "22 November 2026, 19:00–21:05"
    assert chinese.period(report.start, report.end) == "2026年11月22日 19:00–21:05"
    assert (english.number(12345.678, 1), english.percent(0.125)) == ("12,345.7", "12%")
    assert (english.between(1, 2.5), english.between(2.04, 2.01)) == ("1–2.5", "2")
    assert (english.duration(300), chinese.duration(300)) == ("5 minutes", "5分钟")
    assert (english.iso_day("2026-11-16"), english.iso_day("soon")) == ("16 November 2026", "soon")
    assert english.period(report.start, report.start + 3 * 86_400_000).startswith("22 November 2026 19:00 – 25")


def test_templates_compile() -> None:
    for path in PAGES:
        environment("en").get_template(str(path.relative_to(HERE / "templates")))


NONE = {"submitted": 0, "shown": 0, "held": 0, "rejected": 0, "waiting": 0}
EMPTY = {
    "code": "REEF", "title": "", "status": "open", "simulated": False, "generated_at": 0, "as_of": "0-0",
    "timezone": "Asia/Shanghai", "opened_at": None, "closed_at": None, "claims": [], "campaigns": [],
    "people": {"viewers": 0, "spoke": 0, "asked": 0, "simulated": 0, "simulated_spoke": 0},
    "comments": {**NONE, "from_people": NONE, "simulated": NONE},
    "timeline": {"minutes": 1},
    "questions": {
        "asked": 0, "visible": 0, "answered": 0, "later": 0, "dismissed": 0, "outstanding": 0, "simulated": 0,
        "median_seconds": None,
    },
    "moderation": {
        "judged": 0, "machine": {}, "people": {}, "reviewed": 0, "overturned": 0, "overturn_rate": None,
        "note_changed": 0, "held_passed": 0, "held_rejected": 0, "held_open": 0,
    },
}  # fmt: skip
