"""Jinja2 pages in the reader's language: complete without JavaScript, escaped always.

Pages call `render(request, "home.html", ...)`, long ones `await render_long(...)`. The language is the
cookie's choice, else the browser's.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from babel import Locale, negotiate_locale
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streamhub.record.pace import SLICE_SECONDS, Pace
from web.keys import LOCALE, PERSON

HERE = Path(__file__).parent
STATIC = HERE / "static"
LOCALES = HERE / "locales"
LANGUAGES = ("en", "zh_CN")
LANGUAGE_COOKIE = "streamhub_language"
OFTEN = ("base.html", "home.html", "watch.html", "_watch_parts.html", "_reef.html")
TYPE_COOKIE = "streamhub_type"
"""Set to "large" by those who want larger type."""


def choose_language(request: web.Request) -> str:
    """One of LANGUAGES: the cookie, else the best of Accept-Language, else English."""
    if (chosen := request.cookies.get(LANGUAGE_COOKIE)) in LANGUAGES:
        return str(chosen)
    wanted = []
    for part in request.headers.get("Accept-Language", "").split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        wanted.append((-weight, name))
    names = ["zh_CN" if name.lower().startswith("zh") else name.replace("-", "_") for _, name in sorted(wanted)]
    return negotiate_locale([n for n in names if n], LANGUAGES) or "en"


def render(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """The page as a response; `person`, `language`, `path`, `large_type` are there in every template."""
    page = environment(request[LOCALE]).get_template(template)
    return _response(request, page.render(_given(request) | context), status)


async def render_long(
    request: web.Request, pace: Pace, template: str, *, status: int = 200, **context: Any
) -> web.Response:
    """The same for a page that takes more than a turn of the loop may hold. What it shows is in the context, whole and
    unchanging, before the first piece is made."""
    making = environment(request[LOCALE]).get_template(template).generate(_given(request) | context)
    text: list[str] = []
    more = True
    while more:
        async with pace:
            more = _go_on(making, text)
    return _response(request, "".join(text), status)


def _go_on(making: Iterator[str], text: list[str]) -> bool:
    """One slice; False at the end of the page."""
    slice_ends = time.monotonic() + SLICE_SECONDS
    for piece in making:
        text.append(piece)
        if time.monotonic() > slice_ends:
            return True
    return False


def _given(request: web.Request) -> dict[str, Any]:
    language = request[LOCALE]
    return {
        "person": request.get(PERSON),
        "language": language,
        "lang_tag": language.replace("_", "-"),
        "path": request.rel_url.path_qs,
        "large_type": request.cookies.get(TYPE_COOKIE) == "large",
    }


def _response(request: web.Request, text: str, status: int) -> web.Response:
    headers = {"Content-Language": request[LOCALE].replace("_", "-"), "Vary": "Accept-Language, Cookie"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def prepare() -> None:
    """Compile what everybody asks for before anybody does: a tenth of a second in each language."""
    for language in LANGUAGES:
        for template in OFTEN:
            environment(language).get_template(template)


@lru_cache
def translations(language: str) -> Translations:
    return Translations.load(LOCALES, [language])  # type: ignore[return-value]  # Null only for unknown languages


@lru_cache
def environment(language: str) -> Environment:
    """One Jinja2 environment per language, with its catalogue and number formats."""
    env = Environment(
        loader=FileSystemLoader([HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    env.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(asset=asset, icon=icon, locale=Locale.parse(language))
    env.filters.update(json_script=json_script, when=_when, tojson_plain=to_json)
    return env


def message(language: str) -> Callable[[str], str]:
    """gettext of one language, for texts that Python makes."""
    return translations(language).gettext


def to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def json_script(value: Any) -> Markup:
    """Data for an island inside <script type="application/json">: no end tag can be written in it."""
    text = json.dumps(msgspec.to_builtins(value, str_keys=True), ensure_ascii=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704 - escaped


@lru_cache
def asset(name: str) -> str:
    """Address of a built file; changes with its content, so browsers may keep it for ever."""
    path = STATIC / name
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else "missing"
    return f"/static/{name}?v={mark}"


@lru_cache
def icon(name: str, label: str = "") -> Markup:
    """An icon of the set, inlined at build into static/icons; decorative unless it has a label."""
    svg = (STATIC / "icons" / f"{name}.svg").read_text("utf-8")
    shown = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(svg.replace("<svg", f"<svg {shown}", 1))  # noqa: S704 - our own build output


def _when(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
