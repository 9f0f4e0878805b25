"""Run everything on one machine: the embedded store and the roles; restart what dies; stop in bounded time.

Called by `streamhub serve`. The listening socket is opened here and shared, so a hub may come and go
without a refused connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from streamhub.live.admission import Grant
from streamhub.record.replay import replay
from streamhub.record.store import EmbeddedValkey, StoreFailed, connect, takes_writes
from web.links import make_link
from web.roles import BACKLOG, LISTEN_ENV, PARENT_ENV
from web.settings import Settings
from web.store_keeper import StoreKeeper

log = logging.getLogger(__name__)

STOP_SECONDS = 12.0
"""How long a role may take to finish what it does: a hub's viewers have some seconds to say goodbye."""

DEMO_CODE = "REEF"
BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STEADY_SECONDS = 20.0
"""A role that ran for so long starts again without delay."""

HUBS_LIMIT = 4
"""Hub processes by default at most: each holds the state of every broadcast that somebody watches."""


class CannotServe(Exception):
    """Said to the person who started it, in one sentence."""


class ServerFile(msgspec.Struct, frozen=True, kw_only=True):
    """`server.json` in the data folder: where commands find the running server."""

    url: str
    pid: int
    store: str
    started_at: int
    processes: dict[str, int] = {}


async def serve(
    settings: Settings,
    *,
    hubs: int = 0,
    moderators: int = 1,
    say: Callable[[str], None] = print,
    beside: Callable[[Settings, asyncio.Event], Awaitable[None]] | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; raises CannotServe. `beside` runs along once pages answer (the demonstration).
    `hubs` 0 is one for each core, at most `HUBS_LIMIT`."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = Supervisor(settings, hubs or min(_cores(), HUBS_LIMIT), moderators)
    await supervisor.start()
    extra: asyncio.Task[None] | None = None
    try:
        if await _answers(settings, stop):
            say(await _links(settings))
            if beside is not None:
                extra = asyncio.create_task(_beside(beside, settings, stop))
        await stop.wait()
    finally:
        say("stopping …")
        stop.set()
        if extra is not None:
            await asyncio.gather(extra, return_exceptions=True)
        await supervisor.stop()


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def _beside(
    work: Callable[[Settings, asyncio.Event], Awaitable[None]], settings: Settings, stop: asyncio.Event
) -> None:
    try:
        await work(settings, stop)
    except Exception:
        log.exception("the demonstration stopped; everything else goes on")


async def _answers(settings: Settings, stop: asyncio.Event) -> bool:
    """Wait until pages are served; False if told to stop before."""
    async with ClientSession(timeout=ClientTimeout(total=5)) as client:
        while not stop.is_set():
            with contextlib.suppress(ClientError, OSError, TimeoutError):
                async with client.get(f"{settings.local_url}/api/health") as answer:
                    if answer.status == 200 or (await answer.json())["store"] == "refuses":
                        return True
            await asyncio.sleep(0.1)
    return False


async def _links(settings: Settings) -> str:
    """What the person who started it needs: where viewers go, and one-time sign-in for host and organizer."""
    store = connect(settings.store_url)
    try:
        if not await takes_writes(store):
            return f"StreamHub is running at {settings.url}, but takes nothing: its disk is full. It goes on by itself."
        organizer = await make_link(store, settings.url, Grant(role="organizer"))
        lines = [f"StreamHub is running at {settings.url}", f"  organizer  {organizer}   (works once)"]
        if settings.demo:
            since = (await replay(store, DEMO_CODE)).details.revoked
            host = await make_link(store, settings.url, Grant(role="host", broadcast=DEMO_CODE, since=since))
            lines[1:1] = [f"  viewer     {settings.url}/b/{DEMO_CODE}", f"  host       {host}   (works once)"]
        return "\n".join([*lines, f"  data       {settings.data.resolve()}", "Ctrl-C stops everything."])
    finally:
        await store.aclose()


class Supervisor:
    """Starts the store and the roles, restarts what dies with a growing delay, stops all in bounded time."""

    def __init__(self, settings: Settings, hubs: int, moderators: int) -> None:
        self.settings = settings
        self._store: StoreKeeper | None = None
        if not settings.store:
            valkey = EmbeddedValkey(settings.valkey_folder, fsync=settings.fsync)
            self._store = StoreKeeper(valkey, partial(self._note, "valkey"))
        self.pids: dict[str, int] = {}
        self._hubs = hubs
        self._roles = {
            **{f"hub-{n}": "hub" for n in range(1, hubs + 1)},
            **{f"moderation-{n}": "moderate" for n in range(1, moderators + 1)},
            "boards": "boards",
        }
        self._stop = asyncio.Event()
        self._alive_read, self._alive_write = os.pipe()
        self._tasks: list[asyncio.Task[None]] = []
        self._started_at = int(time.time() * 1000)

    async def start(self) -> None:
        """Return once the store answers and the roles are started; raises CannotServe."""
        self.settings.data.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.settings.data)
        self._listening = _listen(self.settings.host, self.settings.port)
        self.settings.secret()
        if self._store is not None:
            try:
                await self._store.start()
            except StoreFailed as error:
                raise CannotServe(str(error)) from None
            self._tasks.append(asyncio.create_task(self._store.keep(self._stop)))
        for name, role in self._roles.items():
            self._tasks.append(asyncio.create_task(self._keep_role(name, role)))

    async def stop(self) -> None:
        """Roles first, so that what they are writing is kept; then the store. Nobody new comes in meanwhile."""
        self._stop.set()
        self._listening.close()
        os.close(self._alive_write)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._store is not None:
            await self._store.end()
        self.settings.server_file.unlink(missing_ok=True)

    async def _keep_role(self, name: str, role: str) -> None:
        failures = 0
        while not self._stop.is_set():
            started = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "web.cli", role, "--data", str(self.settings.data),
                env=self._environment(name), stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
                pass_fds=(self._alive_read, *([self._listening.fileno()] if role == "hub" else [])),
            )  # fmt: skip
            self._note(name, process.pid)
            stopping = asyncio.create_task(self._stop.wait())
            ended = asyncio.create_task(process.wait())
            await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if self._stop.is_set():
                await _end(process)
                await ended
                return
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures
            delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            failures += 1
            log.warning("%s ended (%s); starting it again in %g s", name, process.returncode, delay)
            await self._pause(delay)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    def _environment(self, name: str) -> dict[str, str]:
        """The settings for a role: what the environment said, and what `serve` was told."""
        settings = self.settings
        given = {
            "STREAMHUB_DATA": str(settings.data),
            "STREAMHUB_HOST": settings.host,
            "STREAMHUB_PORT": str(settings.port),
            "STREAMHUB_STORE": settings.store_url,
            "STREAMHUB_MODEL": settings.model,
            "STREAMHUB_HUB": name if self._hubs > 1 else "",
            PARENT_ENV: str(self._alive_read),
            LISTEN_ENV: str(self._listening.fileno()),
        }
        return {**os.environ, **given}

    def _note(self, name: str, pid: int) -> None:
        self.pids[name] = pid
        file = ServerFile(
            url=self.settings.url,
            pid=os.getpid(),
            store=self.settings.store_url,
            started_at=self._started_at,
            processes=self.pids,
        )
        partial = self.settings.server_file.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(file))
        partial.replace(self.settings.server_file)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def _lock(data: Path) -> int:
    """One `serve` per data folder; the lock goes with the process, however that ends."""
    descriptor = os.open(data / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise CannotServe(f"another streamhub is running on the data folder {data}") from None
    return descriptor


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise CannotServe(f"cannot listen on {host} port {port}: {error.strerror}; try --port") from None
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening
