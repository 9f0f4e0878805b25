"""The store's address, decoded: one server, a Sentinel set-up or a Cluster, and what "recorded" means there.

`redis://host:6379/0`, `unix:///path`, `redis+sentinel://s1:26379,s2:26379/NAME`, `redis+cluster://h1:6379,h2:6379`;
`rediss` for TLS, `valkey` for `redis`. Called by `store.py`, the settings and `streamhub doctor`.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

Kind = Literal["server", "sentinel", "cluster"]

PORTS = {"server": 6379, "sentinel": 26379, "cluster": 6379}
CONFIRMING = {"sentinel": 2, "cluster": 1}
"""Replicas that confirm if nothing else is said. Sentinels promote any replica, even while the old primary lives and
has another one: so all must confirm, and two is what people run. A Cluster's nodes learn who has lost its place."""

SCHEMES = ("redis", "rediss", "unix")
OURS = ("replicas", "disk")
"""Parameters of the address that are not the client's."""


class Durability(msgspec.Struct, frozen=True):
    """What must be confirmed before a fact counts as recorded.

    `replicas`: so many copies have it beside the primary. `disk`: all of them, the primary too, have it on disk
    (WAITAOF) and not only in memory. `fails_over`: another server may take the primary's place, and may lack the
    latest entries, so readers look whether the log still goes on from where they are."""

    replicas: int = 0
    disk: bool = False
    fails_over: bool = False

    @property
    def confirms(self) -> bool:
        return self.replicas > 0 or self.disk


class Address(msgspec.Struct, frozen=True):
    """`url` is what the client takes, for one server; otherwise `hosts`, `service` and the rest."""

    kind: Kind
    durability: Durability
    url: str = ""
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""
    username: str | None = None
    password: str | None = None
    db: int = 0
    tls: bool = False


def parse(text: str) -> Address:
    """Raises ValueError with what is wrong; never shows a password."""
    scheme, separator, rest = text.partition("://")
    base, _, kind = scheme.replace("valkey", "redis", 1).partition("+")
    if not separator or base not in SCHEMES or kind not in ("", "sentinel", "cluster") or (kind and base == "unix"):
        raise ValueError("a store's address begins with redis://, unix://, redis+sentinel:// or redis+cluster://")
    parts = urlsplit(f"{base}://{rest}")
    query = parse_qsl(parts.query, keep_blank_values=True)
    options = {name: value for name, value in query if name in OURS}
    others = urlencode([(name, value) for name, value in query if name not in OURS])
    if not kind:
        url = f"{base}://{rest.partition('?')[0]}" + (f"?{others}" if others else "")
        return Address("server", _durability(options, fails_over=False), url=url)
    several: Kind = "sentinel" if kind == "sentinel" else "cluster"
    return _several(several, parts.netloc, parts.path, options, tls=base == "rediss")


def with_durability(text: str, *, replicas: int | None, disk: bool) -> str:
    """The same address; what it does not say itself is added."""
    parts = urlsplit(text)
    query = parse_qsl(parts.query, keep_blank_values=True)
    said = {name for name, _ in query}
    if replicas is not None and "replicas" not in said:
        query.append(("replicas", str(replicas)))
    if disk and "disk" not in said:
        query.append(("disk", "yes"))
    added = urlencode(query)
    return text if added == parts.query else f"{text.partition('?')[0]}?{added}"


def without_password(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    return scheme + separator + rest.rpartition("@")[2]


def _several(kind: Kind, netloc: str, path: str, options: dict[str, str], *, tls: bool) -> Address:
    login, _, places = netloc.rpartition("@")
    username, _, password = login.partition(":")
    service, _, db = path.strip("/").partition("/")
    if kind == "sentinel" and not service:
        raise ValueError("a Sentinel address ends with the name of the primary: redis+sentinel://host:26379/NAME")
    if kind == "cluster" and service not in ("", "0"):
        raise ValueError("a Cluster has only database 0")
    hosts = tuple(_host(place, PORTS[kind]) for place in places.split(",") if place)
    if not hosts:
        raise ValueError("the address names no host")
    return Address(
        kind,
        _durability({"replicas": str(CONFIRMING[kind])} | options, fails_over=True),
        hosts=hosts,
        service=unquote(service) if kind == "sentinel" else "",
        username=unquote(username) or None,
        password=unquote(password) or None,
        db=int(db or 0),
        tls=tls,
    )


def _host(place: str, port: int) -> tuple[str, int]:
    found = urlsplit(f"//{place}")
    if not found.hostname:
        raise ValueError("the address names no host")
    return found.hostname, found.port or port


def _durability(options: dict[str, str], *, fails_over: bool) -> Durability:
    replicas, disk = options.get("replicas", "0"), options.get("disk", "no")
    if not replicas.isdigit() or int(replicas) > 9:
        raise ValueError("replicas: how many copies must confirm, 0 to 9")
    if disk not in ("yes", "no"):
        raise ValueError("disk: yes or no")
    count = int(replicas)
    return Durability(count, disk == "yes", fails_over or count > 0)
