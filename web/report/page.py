"""The report as one HTML document that stands alone: styles inside, no script, good on paper.

Called by the page handler; what it gives can be saved, mailed or printed as it is.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from web.render import STATIC, environment
from web.report.shape import Report
from web.report.words import Words

SOURCE = Path(__file__).parents[1] / "browser" / "style" / "report.css"


def html(report: Report, language: str, *, address: str = "") -> str:
    """`language` is one of `render.LANGUAGES`. With `address` (its path on the server) the page has downloads."""
    page = environment(language).get_template("report.html")
    return page.render(
        report=report,
        words=Words(report, language),
        css=_css(),
        language=language,
        lang_tag=language.replace("_", "-"),
        address=address,
    )


@lru_cache
def _css() -> Markup:
    """The built sheet, with the tokens in it; the source, whose colours have fallbacks, before anything was built."""
    built = STATIC / "report.css"
    text = (built if built.exists() else SOURCE).read_text("utf-8")
    return Markup(text.replace("</", "<\\/"))  # noqa: S704 - our own sheet
