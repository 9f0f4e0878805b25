"""Policies: the thresholds in TOML files, each with its reason, and the types they are read into.

Called by the worker and the evaluation. A policy is named in every verdict by its name and a hash of what
it says, so a report can tell which rules were in force.
"""

from __future__ import annotations

import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import msgspec

DEFAULT = Path(__file__).parent / "default.toml"

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.01)]
Outcome = Literal["publish", "hold", "reject"]


class PolicyRefused(Exception):
    """The policy file cannot be used; the message names the file and the key."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base: every key must be there, and no other."""


class Repetition(_Section, frozen=True):
    window_seconds: Annotated[float, msgspec.Meta(gt=0, le=120)]
    by_one: Annotated[int, msgspec.Meta(ge=2)]
    by_many: Annotated[int, msgspec.Meta(ge=2)]
    raid_length: Annotated[int, msgspec.Meta(ge=1)]


class Contact(_Section, frozen=True):
    action: Outcome


class Promotion(_Section, frozen=True):
    action: Outcome
    hold_at: Share


class Abuse(_Section, frozen=True):
    action: Outcome
    hold_at: Share


class Misinformation(_Section, frozen=True):
    hold_at: Share


class ClaimMatch(_Section, frozen=True):
    topic_at: Annotated[float, msgspec.Meta(ge=0.0, le=3.0)]
    misinformation_at: Share


class Unsure(_Section, frozen=True):
    doubt_at: Share


class Policy(_Section, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,24}$")]
    repetition: Repetition
    contact: Contact
    promotion: Promotion
    abuse: Abuse
    misinformation: Misinformation
    claim: ClaimMatch
    unsure: Unsure

    @property
    def version(self) -> str:
        """Name and hash of the values; the same values in another layout have the same version."""
        return f"{self.name}-{sha256(msgspec.json.encode(self, order='deterministic')).hexdigest()[:8]}"


def load_policy(path: Path | None = None) -> Policy:
    """The policy in this file, or the default; raises PolicyRefused."""
    place = path or DEFAULT
    try:
        return msgspec.convert(tomllib.loads(place.read_text("utf-8")), Policy)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PolicyRefused(f"{place.name}: {error}") from error
