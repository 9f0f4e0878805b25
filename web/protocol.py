"""Writes docs/protocol.md from the types and routes as built: `python -m web.protocol`. A test keeps it true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from inspect import getdoc
from pathlib import Path
from typing import Any, get_args

import msgspec

from streamhub import campaign_facts, commands, facts, wire
from streamhub.live.acts import ACTS
from web.app import MODULES, PAGES

TARGET = Path(__file__).parent.parent / "docs" / "protocol.md"

SENT = {
    "batch": wire.Batch, "outcome": wire.Outcome, "review": wire.Review, "campaign": wire.CampaignView,
}  # fmt: skip
WHO = {
    "viewer": "anybody who joined",
    "moderator": "moderators, hosts and organizers",
    "host": "hosts and organizers",
    "organizer": "organizers",
}
PARTS = (
    wire.ShownComment, wire.QuestionView, wire.BroadcastView, wire.HeldView, wire.RestrictionView, wire.BoardRow,
    commands.Refusal, facts.Note, facts.Reason, facts.Stage,
)  # fmt: skip

INTRODUCTION = """# Protocol

Made from the types by `python -m web.protocol`; a test fails when it is out of date. Browsers get the same types as
TypeScript (`web/browser/wire.ts`, made by `make build`).

## Socket.IO

Standard Socket.IO 5 over Engine.IO 4 at `/socket.io/`, default namespace; any stock client will do.

- **Who you are.** Browsers are known by their cookies. Programs give `auth`: `{"token": "..."}` to be the same viewer
  again (the token comes with the answer to `join`), `{"role": "..."}` to act as moderator, host or organizer. Both may
  be absent.
- **Commands** are events with one object and an acknowledgement: `{"ok": true, "id": ...}` when it is recorded, or
  `{"ok": false, "error": Refusal}`, and then nothing was recorded. Repeat a command with the same `once` whenever you
  are unsure: it changes nothing twice and gives the same `id`.
- **Frames** come as events. Fields at their default are left out. Keep `as_of` and `epoch` of the last `batch` and name
  them in the next `join`: you get what you missed, once, in order; or `reset`, when too much has changed.
- A frame may arrive before the answer to `join`; one whose `as_of` is not later than what you have brings nothing new.
"""


def document() -> str:
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield "### Commands\n"
    yield from _struct("join", commands.Join, "anybody; first on every connection. Answer: `Joined`")
    for name, act in ACTS.items():
        who = WHO[act.role]
        when = ", while it is open" if act.needs_open else ""
        rate = f"{act.rate.burst:g} at once, then {act.rate.per_second:g} a second (not for moderators and hosts)"
        yield from _struct(name, act.command, f"{who}{when}; {rate}. Answer: `Accepted`")
    yield from _struct("campaign", commands.CampaignAct, "anybody who joined. Answer: `Accepted` with `mine`")
    for module in MODULES.values():
        for act_type in get_args(module.acts) or (module.acts,):
            tag = msgspec.inspect.type_info(act_type).tag  # type: ignore[attr-defined]
            yield from _struct(f"campaign, act {tag}", act_type, f"module `{module.name}`")
    yield "### Answers\n"
    for answer in (wire.Joined, wire.Accepted, wire.Denied):
        yield from _struct(answer.__name__, answer)
    yield "### Frames\n"
    for event, frame in SENT.items():
        yield from _struct(event, frame)
    yield "### Their parts\n"
    for part in PARTS:
        yield from _struct(part.__name__, part)
    yield from _http()
    yield "\n## Facts\n"
    yield "What `GET /api/broadcasts/CODE/log` and `streamhub log CODE` give, one JSON object a line:"
    yield '`{"id": "<log id>", "fact": {"type": "comment_submitted", ...}}`. Fields are only ever added.\n'
    for fact in dict.fromkeys((*get_args(facts.BroadcastFact), *get_args(campaign_facts.CampaignFact))):
        yield from _struct(_tag(fact), fact)


def _http() -> Iterator[str]:
    yield "\n## HTTP\n"
    yield "JSON paths take a role token as `Authorization: Bearer ...`, or the role cookie. Errors are `Denied`."
    yield "A link from `POST /api/links` or `streamhub link` becomes a token by `POST /sign-in/TOKEN?format=json`, good"
    yield "for thirty days. Whoever only reviews needs no more than a moderator's link.\n"
    yield "Pages answer the same paths with and without JavaScript; their forms post to the paths below.\n"
    yield "| method | path | what |\n|---|---|---|"
    rows = []
    for page in PAGES:
        routes: Any = page.routes
        for route in routes:
            what = (getdoc(route.handler) or "").split("\n\n")[0].replace("\n", " ")
            rows.append((route.path, route.method, what))
    for path, method, what in sorted(rows):
        yield f"| {method} | `{_cell(path)}` | {_cell(what)} |"


def _struct(name: str, kind: Any, who: str = "") -> Iterator[str]:
    yield f"#### `{name}`\n"
    text = getdoc(kind) or ""
    inherited = any(getdoc(base) == text for base in kind.__mro__[1:])
    for line in filter(None, (who.strip(), "" if inherited or text.startswith(kind.__name__ + "(") else text)):
        yield line.replace("\n", " ") + "\n"
    schema = msgspec.json.schema(kind, schema_hook=_anything)
    described = schema["$defs"][kind.__name__]
    tag = kind.__struct_config__.tag_field
    fields = [field for field in described["properties"] if field != tag]
    if not fields:
        return
    required = set(described.get("required", ()))
    yield "| field | type | limits | default |\n|---|---|---|---|"
    for field in fields:
        shape = described["properties"][field]
        default = "required" if field in required else f"`{_json(shape.get('default'))}`"
        yield f"| `{field}` | {_type(shape)} | {_cell('; '.join(_limits(shape)))} | {_cell(default)} |"
    yield ""


def _anything(kind: type) -> dict[str, Any]:
    """Fields whose content belongs to a campaign module."""
    if kind is object:
        return {"type": "any JSON"}
    raise NotImplementedError  # msgspec takes this for "ask somebody else"


def _type(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        return "`" + str(shape["$ref"]).rpartition("/")[2] + "`"
    if "anyOf" in shape:
        return " or ".join(_type(option) for option in shape["anyOf"])
    if "enum" in shape:
        return _cell(" ".join(f"`{value}`" for value in shape["enum"]))
    if shape.get("type") == "array":
        return "list of " + _type(shape.get("items") or {})
    if shape.get("type") == "object" and isinstance(shape.get("additionalProperties"), dict):
        return "map to " + _type(shape["additionalProperties"])
    return str(shape.get("type", "any"))


def _limits(shape: dict[str, Any]) -> Iterable[str]:
    words = {
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minimum": "at least {}",
        "maximum": "at most {}",
        "exclusiveMinimum": "more than {}",
        "maxItems": "at most {} entries",
        "pattern": "`{}`",
    }
    for option in (shape, *shape.get("anyOf", ())):
        for key, text in words.items():
            if key in option:
                yield text.format(option[key])


def _tag(fact: type) -> str:
    config: Any = getattr(fact, "__struct_config__")  # noqa: B009 - msgspec declares it on instances only
    return str(config.tag)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(_: Sequence[str] = ()) -> None:
    TARGET.write_text(document(), "utf-8")


if __name__ == "__main__":
    main()
