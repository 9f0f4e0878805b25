"""Jinja2 pages in the reader's language: complete without JavaScript, escaped always.

Pages call `render(request, "watch.html", ...)`. The language is the cookie's choice, else the browser's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
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

from web.keys import LOCALE, PERSON

HERE = Path(__file__).parent
STATIC = HERE / "static"
LOCALES = HERE / "locales"
LANGUAGES = ("en", "zh_CN")
LANGUAGE_COOKIE = "streamhub_language"
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
    language = request[LOCALE]
    page = environment(language).get_template(template)
    text = page.render(
        person=request.get(PERSON), language=language, lang_tag=language.replace("_", "-"),
        path=request.rel_url.path_qs, large_type=request.cookies.get(TYPE_COOKIE) == "large", **context,
    )  # fmt: skip
    headers = {"Content-Language": language.replace("_", "-"), "Vary": "Accept-Language, Cookie"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


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
