"""The running server that a command talks to: found by `--data` or `--url`.

Used by every command that needs a server. With `--data` the folder's secret makes the organizer's token;
with `--url` the token comes from `--token` or STREAMHUB_TOKEN.
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from streamhub.commands import Command, Refused, decode
from streamhub.live.admission import Grant, Signer
from web import client
from web.cli.frame import Failed
from web.settings import Settings, from_environment

TOKEN_VARIABLE = "STREAMHUB_TOKEN"  # noqa: S105 - the name of a variable, not a token

_F = TypeVar("_F", bound=Callable[..., Any])
_C = TypeVar("_C", bound=Command)
_T = TypeVar("_T")


class Running(msgspec.Struct):
    """What a running server writes to DATA/server.json."""

    url: str


class Server:
    """`signer` is there when the data folder is at hand: it can name viewers."""

    def __init__(self, url: str, token: str, signer: Signer | None) -> None:
        self.url = url.rstrip("/")
        self.client = client.Client(url, token)
        self.signer = signer

    def get(self, path: str, **params: str) -> bytes:
        return run(self.client.get(path, **params))

    def post(self, path: str, body: object = None) -> bytes:
        """`body` as JSON; bytes are sent as CSV."""
        return run(self.client.post(path, body))


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Do it; what the server refused is a sentence on standard error and exit code 1."""
    try:
        return asyncio.run(work)
    except client.Failed as error:
        raise Failed(str(error)) from error


def checked(kind: type[_C], **fields: object) -> _C:
    """A command that will pass the server's own decoding, or a usage error (exit code 2)."""
    try:
        return decode(kind, fields)
    except Refused as refused:
        raise click.UsageError(client.sentence(refused.refusal)) from None


def settings_of(**given: object) -> Settings:
    """The settings of this machine; what is wrong with the environment is a sentence."""
    try:
        return from_environment(os.environ, **given)
    except msgspec.ValidationError as error:
        raise Failed(f"A STREAMHUB_ variable in the environment is wrong: {error}.") from error


def find(data: Path | None, url: str | None, token: str | None) -> Server:
    """The server that these options name; raises Failed if there is none."""
    if url:
        return _by_address(data, url, token)
    chosen = settings_of(data=data)
    try:
        running = msgspec.json.decode(chosen.server_file.read_bytes(), type=Running)
    except FileNotFoundError:
        raise Failed(
            f"No server runs on the data folder {chosen.data}: start it with "
            f"`streamhub serve --data {chosen.data}`, or name another with --data or --url."
        ) from None
    except (OSError, msgspec.MsgspecError) as error:
        raise Failed(f"{chosen.server_file} cannot be read ({error}). Restart the server.") from error
    signer = Signer(chosen.secret())
    return Server(running.url, token or _organizer(signer), signer)


def _by_address(data: Path | None, url: str, token: str | None) -> Server:
    if not url.startswith(("http://", "https://")):
        raise click.UsageError("--url: must begin with http:// or https://.")
    signer = Signer(settings_of(data=data).secret()) if data is not None else None
    if signer is None and not token:
        raise click.UsageError(f"--url: needs an organizer's token too, by --token or {TOKEN_VARIABLE}.")
    return Server(url, token or (_organizer(signer) if signer else ""), signer)


def _organizer(signer: Signer) -> str:
    return signer.role_token(Grant(role="organizer", name="command line"))


def with_server(command: _F) -> _F:
    """Gives the command its server as first argument, and the options that name it."""

    @click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder of a running server.")
    @click.option("--url", help="Address of a running server, instead of --data.")
    @click.option("--token", envvar=TOKEN_VARIABLE, help=f"Organizer's token for --url (or {TOKEN_VARIABLE}).")
    @functools.wraps(command)
    def wrapped(*args: Any, data: Path | None, url: str | None, token: str | None, **kwargs: Any) -> Any:
        return command(find(data, url, token), *args, **kwargs)

    return wrapped  # type: ignore[return-value]  # click's options change the signature, as decorators do
