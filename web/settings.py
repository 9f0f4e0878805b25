"""The settings of one process: read from the environment once, at the start, and handed on."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from streamhub.record.address import parse, with_durability
from streamhub.record.store import EmbeddedValkey

DEFAULT_MODEL = "e5-small"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`store` is "" for the embedded Valkey of `data`, or an address: one server, Sentinels or a Cluster. Raises
    ValueError for what is none."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    store: str = ""
    replicas: int | None = None
    """How many copies, beside the primary, confirm before a fact counts as recorded; None: as the address says."""
    on_disk: bool = False
    """They and the primary confirm that they have it on disk."""
    model: str = DEFAULT_MODEL
    policy: Path | None = None
    shadow: Path | None = None
    """A policy that is only tried: what it would have said is counted, never done."""
    fsync: Literal["always", "everysec"] = "always"
    public_url: str = ""
    """How people reach the server, for links and QR codes, where that differs from host and port."""
    behind_proxy: bool = False
    """Believe X-Forwarded-For and X-Forwarded-Proto."""
    demo: bool = False
    hub: str = ""
    """Name of this hub process among several that share a port on this machine; "" where there is only one."""

    def __post_init__(self) -> None:
        if self.store:
            parse(self.store)

    @property
    def url(self) -> str:
        return self.public_url or self.local_url

    @property
    def home(self) -> str:
        """What people pass on to invite others, without "https://"; "" while nobody has named the server."""
        return self.public_url.partition("://")[2].rstrip("/")

    @property
    def local_url(self) -> str:
        """How this machine itself reaches the server."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0") else "[::1]" if self.host == "::" else self.host  # noqa: S104
        return f"http://{host}:{self.port}"

    @property
    def store_url(self) -> str:
        if not self.store:
            return EmbeddedValkey(self.valkey_folder).url
        return with_durability(self.store, replicas=self.replicas, disk=self.on_disk)

    @property
    def valkey_folder(self) -> Path:
        return self.data / "valkey"

    @property
    def archive_folder(self) -> Path:
        return self.data / "archive"

    @property
    def hubs_folder(self) -> Path:
        """Where the hubs of this machine reach each other."""
        return self.data / "run"

    @property
    def server_file(self) -> Path:
        """Where commands find the running server."""
        return self.data / "server.json"

    def secret(self) -> str:
        """Signs identities; STREAMHUB_SECRET's file in containers, else made once and kept in the data folder."""
        path = self.data / "secret.key"
        try:
            return path.read_text("ascii").strip()
        except FileNotFoundError:
            self.data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        return path.read_text("ascii").strip()


def from_environment(environ: Mapping[str, str], **given: object) -> Settings:
    """Settings from STREAMHUB_* variables; what the command line gave wins. Raises msgspec.ValidationError."""
    names = {
        "data": "STREAMHUB_DATA",
        "host": "STREAMHUB_HOST",
        "port": "STREAMHUB_PORT",
        "store": "STREAMHUB_STORE",
        "replicas": "STREAMHUB_REPLICAS",
        "on_disk": "STREAMHUB_ON_DISK",
        "model": "STREAMHUB_MODEL",
        "policy": "STREAMHUB_POLICY",
        "shadow": "STREAMHUB_SHADOW",
        "fsync": "STREAMHUB_FSYNC",
        "public_url": "STREAMHUB_URL",
        "behind_proxy": "STREAMHUB_BEHIND_PROXY",
        "hub": "STREAMHUB_HUB",
    }
    values: dict[str, object] = {field: environ[name] for field, name in names.items() if environ.get(name)}
    values |= {field: value for field, value in given.items() if value is not None}
    values.setdefault("data", "data")
    return msgspec.convert(values, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
