"""Which columns an archive has: one per field of any fact in a union, typed from the Structs themselves.

So a campaign module's facts get typed columns without a line of SQL, defaults are filled in (the log leaves
them out), and a new field becomes a new column. Called by `archive.py` alone.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

BASE = {
    "id": "VARCHAR",
    "ms": "BIGINT",
    "seq": "BIGINT",
    "type": "VARCHAR",
    "fact": "JSON",
}
"""Columns of every entry; `time` (TIMESTAMP, UTC) is made from `ms` while writing. A fact's field of the
same name (`CampaignCreated.id`) has no column of its own; it is in `fact`."""

RESERVED = frozenset(BASE) | {"time"}

INTEGERS = range(-(2**63), 2**63)
"""What a BIGINT holds; a larger number stays in `fact` alone."""

_SCALARS: Mapping[type, str] = {
    inspect.StrType: "VARCHAR",
    inspect.IntType: "BIGINT",
    inspect.FloatType: "DOUBLE",
    inspect.BoolType: "BOOLEAN",
}


class Derived(msgspec.Struct, frozen=True):
    """A column computed from a fact: used where one flat value serves an analyst better than a nested one."""

    kind: str
    value: Callable[[Any], Any]


DERIVED: Mapping[str, Derived] = {
    # Reasons as plain codes; rule and score of each stay in `fact`.
    "reasons": Derived("VARCHAR[]", lambda fact: [reason.code for reason in getattr(fact, "reasons", ())] or None),
    "claim": Derived("VARCHAR", lambda fact: note.claim if (note := getattr(fact, "note", None)) else None),
}


class Columns:
    """The columns of one union of facts, and a fact's values for them."""

    def __init__(self, union: Any) -> None:
        self._decoder = msgspec.json.Decoder(union)
        self._derived = DERIVED if "reasons" in _fields(union) else {}
        fields = {name: kind for name, kind in _fields(union).items() if name not in RESERVED | self._derived.keys()}
        self.types: dict[str, str] = BASE | fields | {name: made.kind for name, made in self._derived.items()}
        self._names = tuple(fields)

    def values(self, raw: bytes) -> dict[str, Any]:
        """`type`, `fact` and all others that this fact has; an entry that cannot be read has `fact` alone."""
        try:
            fact = self._decoder.decode(raw)
        except msgspec.MsgspecError:
            return {"fact": _whatever(raw)}
        values = {"type": type(fact).__struct_config__.tag, "fact": msgspec.Raw(raw)}
        for name in fact.__struct_fields__:
            value = getattr(fact, name)
            if name in self._names and not (type(value) is int and value not in INTEGERS):
                values[name] = value
        for name, made in self._derived.items():
            values[name] = made.value(fact)
        return values


@cache
def columns_of(union: Any) -> Columns:
    return Columns(union)


def _fields(union: Any) -> dict[str, str]:
    """Field -> DuckDB type over all Structs of the union; JSON where two of them disagree."""
    found: dict[str, str] = {}
    info = inspect.type_info(union)
    for struct in info.types if isinstance(info, inspect.UnionType) else (info,):
        if isinstance(struct, inspect.StructType):
            for field in struct.fields:
                kind = duckdb_type(field.type)
                found[field.name] = kind if found.setdefault(field.name, kind) == kind else "JSON"
    return found


def duckdb_type(info: inspect.Type) -> str:
    """The DuckDB type of a field; nested Structs become STRUCT; what fits nothing else is JSON."""
    if (scalar := _SCALARS.get(type(info))) is not None:
        return scalar
    match info:
        case inspect.Metadata():
            return duckdb_type(info.type)
        case inspect.LiteralType():
            return "VARCHAR" if all(isinstance(value, str) for value in info.values) else "JSON"
        case inspect.EnumType():
            return "VARCHAR" if issubclass(info.cls, (str, enum.StrEnum)) else "JSON"
        case inspect.UnionType():
            kinds = {duckdb_type(part) for part in info.types if not isinstance(part, inspect.NoneType)}
            return kinds.pop() if len(kinds) == 1 else "JSON"
        case inspect.VarTupleType() | inspect.ListType() | inspect.SetType() | inspect.FrozenSetType():
            item = duckdb_type(info.item_type)
            return "JSON" if item == "JSON" else f"{item}[]"
        case inspect.DictType():
            kind = duckdb_type(info.value_type)
            return "JSON" if kind == "JSON" else f"MAP(VARCHAR, {kind})"
        case inspect.StructType():
            return "STRUCT(" + ", ".join(f'"{part.encode_name}" {duckdb_type(part.type)}' for part in info.fields) + ")"
        case _:
            return "JSON"


def _whatever(raw: bytes) -> Any:
    """Bytes that no fact decodes from: as JSON if they are, as a text if not."""
    try:
        msgspec.json.decode(raw)
    except msgspec.MsgspecError:
        return raw.decode("utf-8", "replace")
    return msgspec.Raw(raw)
