"""One finding: what was looked at, how it is, and what to do if it is not well."""

from __future__ import annotations

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`bad` stops StreamHub or makes it lie; `warn` will matter later. `advice` is "" when all is well."""

    check: str
    level: Literal["ok", "warn", "bad"]
    message: str
    advice: str = ""


def ok(check: str, message: str) -> Finding:
    return Finding(check=check, level="ok", message=message)


def warn(check: str, message: str, advice: str) -> Finding:
    return Finding(check=check, level="warn", message=message, advice=advice)


def bad(check: str, message: str, advice: str) -> Finding:
    return Finding(check=check, level="bad", message=message, advice=advice)
