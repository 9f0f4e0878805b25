"""Builds what browsers get: catalogues, wire.ts, islands, styles, icons. `python -m web.build`; see `make build`.

Everything is made again each time (about two seconds), so nothing can go stale. Reads node_modules/,
web/templates, web/browser, web/locales and the Structs; writes web/static, wire.ts and the *.mo files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from inspect import isclass
from pathlib import Path
from typing import Any

import msgspec
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from streamhub import commands, wire
from web.node import ROOT, node
from web.texts import watch_texts

WEB = Path(__file__).parent
BROWSER = WEB / "browser"
STATIC = WEB / "static"
LOCALES = WEB / "locales"
MODULES = ROOT / "node_modules"
ICON_CALL = re.compile(r"""\bicon\(\s*["']([a-z0-9-]+)["']""")
ICON_USERS = ("templates/**/*.html", "pages/**/*.py", "report/**/*.py", "report/**/*.html")


def main() -> None:
    for language in sorted(path for path in LOCALES.iterdir() if path.is_dir()):
        catalogue(language)
    wire_types()
    fresh = STATIC.with_name("static.new")
    shutil.rmtree(fresh, ignore_errors=True)
    bundle(fresh)
    icons(fresh / "icons")
    shutil.copy(BROWSER / "mark.svg", fresh)
    shutil.rmtree(STATIC, ignore_errors=True)
    fresh.rename(STATIC)


def catalogue(folder: Path) -> None:
    """All *.po files of a language become its one messages.mo; two different translations of one text are an error."""
    target = folder / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, merged(folder))


def merged(folder: Path) -> Catalog:
    whole = Catalog(locale=folder.name)
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=folder.name):
                known = whole.get(message.id, message.context) if message.id else None
                if known and known.string != message.string:
                    raise SystemExit(f"{path.name}: another file translates {message.id!r} differently")
                if message.id and message.string:
                    whole.add(message.id, message.string, context=message.context)
    return whole


def wire_types() -> None:
    """What browsers send and get, as TypeScript: never written by hand, so the two sides cannot drift apart."""
    structs = [*_structs(wire), *_structs(commands)]
    _, definitions = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}", schema_hook=_anything)
    schema = {"title": "Wire", "type": "object", "additionalProperties": False, "$defs": _titled(definitions)}
    text = node(BROWSER / "make" / "wire.mjs", stdin=msgspec.json.encode(schema, order="sorted"))
    keys = " | ".join(f'"{key}"' for key in sorted(watch_texts(str)))
    (BROWSER / "wire.ts").write_bytes(
        text + f"/** What web/texts.py says. */\nexport type TextKey = {keys};\n".encode()
    )


def _anything(kind: type) -> dict[str, Any]:
    """`object` is any JSON value. msgspec takes NotImplementedError for "ask somebody else"."""
    if kind is not object:
        raise NotImplementedError
    return {"tsType": "unknown"}


def _structs(module: Any) -> Iterator[type[msgspec.Struct]]:
    for name, value in sorted(vars(module).items()):
        if isclass(value) and issubclass(value, msgspec.Struct) and name not in ("Command", "Wire"):
            yield value


def _titled(definitions: dict[str, Any]) -> dict[str, Any]:
    """Only structs keep a title: a titled property would become a type of its own."""
    return {name: {**definition, "title": name} for name, definition in definitions.items()}


def bundle(target: Path) -> None:
    """Every web/browser/*.ts is one island, every style/*.css one sheet; hls.js loads when needed."""
    islands = sorted(path for path in BROWSER.glob("*.ts") if path.name != "wire.ts")
    sheets = sorted((BROWSER / "style").glob("*.css"))
    node(BROWSER / "make" / "bundle.mjs", target, *islands, *sheets)


def icons(target: Path) -> None:
    """The icons that templates name, from lucide, made to take the size and colour of the text beside them."""
    target.mkdir(parents=True)
    for name in sorted(_icon_names()):
        svg = (MODULES / "lucide-static" / "icons" / f"{name}.svg").read_text("utf-8")
        svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
        svg = re.sub(r'class="[^"]*"', 'class="icon"', svg, count=1)
        (target / f"{name}.svg").write_text(re.sub(r"\s+", " ", svg).replace("> <", "><").strip(), "utf-8")
    shutil.copy(MODULES / "lucide-static" / "LICENSE", target / "LICENSE")


def _icon_names() -> set[str]:
    return {
        name
        for pattern in ICON_USERS
        for path in WEB.glob(pattern)
        for name in ICON_CALL.findall(path.read_text("utf-8"))
    }


if __name__ == "__main__":
    main()
