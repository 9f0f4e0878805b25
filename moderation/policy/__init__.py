"""Policies: the thresholds in TOML files, each with its reason, and the types they are read into.

Called by the worker, the evaluation and the trial. A policy is named in every verdict by its name and a hash of
what it says, so a report can tell which rules were in force. A file may extend a preset and name only what differs.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

FOLDER = Path(__file__).parent
DEFAULT = FOLDER / "default.toml"

Preset = Literal["default", "open", "careful", "school", "emergency"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.01)]
"""1.01 switches a check off: no probability reaches it."""
Outcome = Literal["publish", "hold", "reject"]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class PolicyRefused(Exception):
    """The policy file cannot be used; the message names the file, the key and its line."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base: every key must be there, and no other."""


class Repetition(_Section, frozen=True):
    window_seconds: Annotated[float, msgspec.Meta(gt=0, le=120)]
    by_one: Annotated[int, msgspec.Meta(ge=2)]
    by_many: Annotated[int, msgspec.Meta(ge=2)]
    raid_length: Annotated[int, msgspec.Meta(ge=1)]
    alike_at: Annotated[float, msgspec.Meta(ge=0.5, le=1.01)]


class Contact(_Section, frozen=True):
    action: Outcome


class Promotion(_Section, frozen=True):
    action: Outcome
    hold_at: Share


class Abuse(_Section, frozen=True):
    action: Outcome
    hold_at: Share


class Evidence(_Section, frozen=True):
    action: Literal["publish", "annotate"]


class Linear(_Section, frozen=True):
    promotion_at: Share
    abuse_at: Share
    harmless_at: Share


class Idle(_Section, frozen=True):
    """The most that talk may have of each, so that the encoder is not asked; `topic` 0 asks it about all talk."""

    topic: Share
    misinformation: Share
    harm: Share
    """Of advertising and of insult, whichever the letters think likelier."""


class Misinformation(_Section, frozen=True):
    hold_at: Share


class ClaimMatch(_Section, frozen=True):
    topic_at: Annotated[float, msgspec.Meta(ge=0.0, le=3.0)]
    misinformation_at: Share
    question_at: Share


class Unsure(_Section, frozen=True):
    doubt_at: Share


class Newcomer(_Section, frozen=True):
    stricter_by: Annotated[float, msgspec.Meta(ge=0.0, le=0.5)]


class Slow(_Section, frozen=True):
    after_held: Annotated[int, msgspec.Meta(ge=0)]
    within_seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)]
    for_seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Overload(_Section, frozen=True):
    after_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)]
    unsure: Literal["publish", "hold"]


class Words(_Section, frozen=True):
    allow: tuple[Word, ...]
    hold: tuple[Word, ...]


class Policy(_Section, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,24}$")]
    repetition: Repetition
    contact: Contact
    promotion: Promotion
    abuse: Abuse
    evidence: Evidence
    linear: Linear
    idle: Idle
    misinformation: Misinformation
    claim: ClaimMatch
    unsure: Unsure
    newcomer: Newcomer
    slow: Slow
    overload: Overload
    words: Words
    reason: Annotated[str, msgspec.Meta(max_length=300)] = ""
    """Why this file was changed last: kept in the log of the broadcasts in which it is in force."""

    @property
    def version(self) -> str:
        """Name and hash of the values; the same values in another layout have the same version."""
        return f"{self.name}-{sha256(msgspec.json.encode(self, order='deterministic')).hexdigest()[:8]}"


def load_policy(path: Path | None = None) -> Policy:
    """The policy in this file, or the default; raises PolicyRefused."""
    place = path or DEFAULT
    try:
        text = place.read_text("utf-8")
        given = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyRefused(f"{place.name}: {error}") from error
    try:
        return msgspec.convert(_extended(given), Policy)
    except msgspec.ValidationError as error:
        raise PolicyRefused(f"{place.name}, line {_line(text, str(error))}: {error}") from error


@cache
def preset(name: Preset) -> Policy:
    """One of the policies that come with StreamHub."""
    return load_policy(FOLDER / f"{name}.toml")


def _extended(given: dict[str, Any]) -> dict[str, Any]:
    """What the file says over what it extends; a file that extends nothing must say everything itself."""
    base = given.pop("extends", None)
    if base is None:
        return given
    if base not in PRESETS:
        raise msgspec.ValidationError(f"Object contains unknown preset `{base}` in `extends`: {', '.join(PRESETS)}")
    whole = _extended(tomllib.loads((FOLDER / f"{base}.toml").read_text("utf-8")))
    for key, value in given.items():
        inside = whole.get(key)
        whole[key] = inside | value if isinstance(inside, dict) and isinstance(value, dict) else value
    return whole


_FIELD = re.compile(r"`([a-z_]+)`")
_PATH = re.compile(r"\$\.?([a-z_]*)\.?([a-z_]*)")


def _line(text: str, message: str) -> int:
    """The line that a message of msgspec is about: of its key, else of its section, else the first."""
    before, _, where = message.rpartition(" - at ")
    section, key = _PATH.search(where).groups() if _PATH.search(where) else ("", "")  # type: ignore[union-attr]
    named = _FIELD.search(before or message)
    key = key or (named[1] if named and "field" in message else "extends" if "extends" in message else "")
    inside, best = "", 1
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if line.startswith("["):
            inside = line.strip("[] ")
            best = number if inside in (section, key) else best
        elif key and inside in (section, "") and re.match(rf"{re.escape(key)}\s*=", line):
            return number
    return best
