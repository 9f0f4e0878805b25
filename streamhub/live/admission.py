"""Who may come in and how fast: signed identities, rates per viewer and per address.

Called by `hub.py` and the pages before anything is decided. Tokens are signed, not secret: they name a
viewer (a random id in a cookie) or grant a role (host of one broadcast, organizer of all).
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from itsdangerous import BadSignature, URLSafeTimedSerializer

from streamhub.commands import Refused, refuse
from streamhub.facts import Via, ViewerRestricted

VIEWER_COOKIE = "streamhub_viewer"
ROLE_COOKIE = "streamhub_role"
VIEWER_SECONDS = 400 * 86400
ROLE_SECONDS = 30 * 86400

Role = Literal["viewer", "moderator", "host", "organizer"]


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody signed in to. `broadcast` is "" for organizers, who may host everywhere.

    Moderators review comments and restrict people; hosts also run questions and set the policy."""

    role: Literal["moderator", "host", "organizer"]
    broadcast: str = ""
    name: str = ""
    since: str = ""
    """The latest revocation of roles in this broadcast when the link was made (`Details.revoked`)."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is at the other end of a socket or a form."""

    viewer: str
    address: str = ""
    via: Via = "web"
    grant: Grant | None = None
    fresh: bool = False
    """True if the id was made just now: there was no (valid) token."""

    def hosts(self, code: str) -> bool:
        return self.organizes or (self.grant is not None and self.grant.role == "host" and self.grant.broadcast == code)

    def moderates(self, code: str) -> bool:
        return self.organizes or (self.grant is not None and self.grant.broadcast == code)

    def role_in(self, code: str) -> Role:
        return self.grant.role if self.grant and self.moderates(code) else "viewer"

    def may(self, role: Role, code: str) -> bool:
        """Whether this person may do in that broadcast what needs this role."""
        if role == "viewer":
            return True
        return {"moderator": self.moderates(code), "host": self.hosts(code), "organizer": self.organizes}[role]

    def unless_revoked(self, code: str, revoked: str) -> Person:
        """The same person; without the role in this broadcast, if it was given before its latest revocation."""
        if self.grant is None or self.grant.broadcast != code or self.grant.since == revoked:
            return self
        return msgspec.structs.replace(self, grant=None)

    @property
    def organizes(self) -> bool:
        return self.grant is not None and self.grant.role == "organizer"

    @property
    def actor(self) -> str:
        """How facts name who acted: the role, and the name given at sign-in. Never the address."""
        if self.grant is None:
            return self.viewer
        return f"{self.grant.role}:{self.grant.name}" if self.grant.name else self.grant.role


class Signer:
    """Makes and reads signed tokens; a token of one purpose is not valid for another."""

    def __init__(self, secret: str) -> None:
        self._viewers = URLSafeTimedSerializer(secret, salt="viewer")
        self._roles = URLSafeTimedSerializer(secret, salt="role")

    def viewer_token(self, viewer: str, via: Via = "web") -> str:
        return str(self._viewers.dumps([viewer, via]))

    def role_token(self, grant: Grant) -> str:
        return str(self._roles.dumps(msgspec.to_builtins(grant)))

    def person(
        self, viewer_token: str | None, role_token: str | None, *, address: str = "", via: Via = "web"
    ) -> Person:
        """Whom these tokens name; a new viewer where the token is missing, forged or too old."""
        grant = self._grant(role_token)
        try:
            viewer, signed_via = _loads(self._viewers, viewer_token or "", VIEWER_SECONDS)
        except (BadSignature, ValueError, TypeError):
            return Person(viewer=new_viewer(), address=address, via=via, grant=grant, fresh=True)
        return Person(viewer=viewer, address=address, via=signed_via if signed_via == "replay" else via, grant=grant)

    def _grant(self, token: str | None) -> Grant | None:
        if not token:
            return None
        try:
            return msgspec.convert(_loads(self._roles, token, ROLE_SECONDS), Grant)
        except (BadSignature, msgspec.ValidationError):
            return None


def _loads(signed: URLSafeTimedSerializer, token: str, seconds: int) -> Any:
    """What was signed at most so long ago; raises BadSignature. A token from the future is ours all the same: some
    clock was set back, or another machine's is ahead, and nobody should become somebody else for that."""
    content, then = signed.loads(token, return_timestamp=True)
    if datetime.now(UTC) - then > timedelta(seconds=seconds):
        raise BadSignature("too old")
    return content


def address_of(request: Any, behind_proxy: bool) -> str:
    """The viewer's address; what a proxy says is believed only when the settings say there is one."""
    return address_behind(request.remote or "", request.headers.get("X-Forwarded-For", ""), behind_proxy)


def address_behind(remote: str, forwarded: str, behind_proxy: bool) -> str:
    return forwarded.split(",")[-1].strip() if behind_proxy and forwarded else remote


def new_viewer() -> str:
    return "v-" + secrets.token_urlsafe(12)


def mark_of(viewer: str, code: str) -> str:
    """The public mark of an author within one broadcast; the viewer id itself is never shown."""
    return hashlib.blake2s(f"{code}/{viewer}".encode(), digest_size=4).hexdigest()


class Rate(msgspec.Struct, frozen=True):
    """`burst` at once, then `per_second`."""

    burst: float
    per_second: float


COMMENT_RATE = Rate(burst=5, per_second=0.5)
ACT_RATE = Rate(burst=20, per_second=2.0)
SLOW_RATE = Rate(burst=1, per_second=1 / 30)
"""Comments of somebody who is slowed down."""

BARRED: Mapping[str, frozenset[str]] = {
    "slow": frozenset(),
    "mute": frozenset({"comment"}),
    "ban": frozenset({"comment", "vote", "report"}),
}
"""Restriction -> acts that are refused. Objecting to a decision stays open to everybody."""

ADDRESS_RATE = Rate(burst=300, per_second=50.0)
"""Per address, all commands: a school or a museum is many people behind one."""

BUCKETS_LIMIT = 100_000
FULL_AGAIN_SECONDS = 60.0
"""A bucket that was not used for so long is full, whatever its rate, and need not be kept."""


def bar(restriction: ViewerRestricted, act: str, now_ms: int) -> None:
    """Raise Refused("restricted") if this act is closed to somebody so restricted, with the time until it ends."""
    if act not in BARRED[restriction.effect]:
        return
    until, why = _until(restriction)
    raise refuse(
        "restricted", f"not possible for you here until {until}{why}", field=restriction.effect, limit=until,
        retry_after=round((restriction.until_ms - now_ms) / 1000, 1),
    )  # fmt: skip


def slowed(restriction: ViewerRestricted, wait: float | None) -> Refused:
    """A comment of somebody who is slowed down came too soon: until when that lasts, and why."""
    until, why = _until(restriction)
    return refuse("rate", f"slowed down until {until}{why}", field="slow", limit=until, retry_after=wait)


def _until(restriction: ViewerRestricted) -> tuple[str, str]:
    """The end, and the words of whoever restricted (not those of the checks, which name a policy)."""
    until = datetime.fromtimestamp(restriction.until_ms / 1000, UTC)
    said = restriction.reason if restriction.by != "moderation" else ""
    return f"{until:%Y-%m-%d %H:%M} UTC", f": {said}" if said else ""


class Rates:
    """Token buckets, one per key; those that are full again are forgotten, above `BUCKETS_LIMIT` the oldest."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, kind: str, key: str, rate: Rate, now: float) -> None:
        """Use one; raises Refused("rate") with the seconds until the next. `now` in monotonic seconds."""
        level, then = self._buckets.pop((kind, key), (rate.burst, now))
        level = min(rate.burst, level + (now - then) * rate.per_second)
        if level < 1:
            self._buckets[kind, key] = (level, now)
            wait = round((1 - level) / rate.per_second, 1)
            raise refuse(
                "rate", f"too fast: wait {wait} seconds", field=kind, limit=f"{rate.burst:g} at once, then "
                f"{rate.per_second:g} a second", retry_after=wait,
            )  # fmt: skip
        self._buckets[kind, key] = (level - 1, now)
        self._forget(now)

    def _forget(self, now: float) -> None:
        """The buckets are in the order of their last use."""
        while self._buckets:
            _, then = next(iter(self._buckets.values()))
            if len(self._buckets) <= BUCKETS_LIMIT and now - then <= FULL_AGAIN_SECONDS:
                return
            self._buckets.popitem(last=False)
