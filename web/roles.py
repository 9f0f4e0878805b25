"""The roles, each a process of its own: `streamhub hub`, `moderate`, `boards`. They meet only in the log.

Started by `serve.py`, or one by one in containers. A role that `serve` started leaves by itself when
`serve` is gone, however that ended.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from moderation import worker
from streamhub.record import boards, snapshots
from web import garbage, keys, render
from web.app import MODULES, create_app
from web.settings import Settings

PARENT_ENV = "STREAMHUB_PARENT_FD"
"""Read end of a pipe whose other end only `serve` holds: its end means that `serve` is gone."""

LISTEN_ENV = "STREAMHUB_LISTEN_FD"
"""The listening socket that `serve` opened, shared by its hubs."""

BACKLOG = 2048


def run_hub(settings: Settings) -> None:
    """Serve pages and sockets until told to stop."""

    _take_all_descriptors()

    async def main(stop: asyncio.Event) -> None:
        app = create_app(settings)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        if keys.NEIGHBOURS in app:
            Path(app[keys.NEIGHBOURS].socket).unlink(missing_ok=True)  # of an earlier process of this name
            await web.UnixSite(runner, app[keys.NEIGHBOURS].socket).start()
        render.prepare()
        garbage.settle()
        tidying = asyncio.create_task(garbage.collect_when_quiet(lambda: app[keys.HUB].sockets))
        listening = os.environ.get(LISTEN_ENV)
        if listening:
            shared = socket.socket(fileno=int(listening))
            await web.SockSite(runner, shared, backlog=1).start()  # take one at a time: the others get their share
            shared.listen(BACKLOG)
        else:
            await web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG).start()
        await stop.wait()
        tidying.cancel()
        await runner.cleanup()

    _run(main)


def _take_all_descriptors() -> None:
    """A viewer is a file descriptor, and 1024 is a common soft limit: go up to what the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def run_moderation(settings: Settings, consumer: str = "") -> None:
    async def main(stop: asyncio.Event) -> None:
        await worker.run(
            settings.store_url,
            model=settings.model,
            data=settings.data,
            policy=settings.policy,
            shadow=settings.shadow,
            consumer=consumer or f"moderation-{secrets.token_hex(4)}",
            stop=stop,
            home=settings.home,
        )

    _run(main)


def run_boards(settings: Settings) -> None:
    async def main(stop: asyncio.Event) -> None:
        await asyncio.gather(
            boards.run(settings.store_url, list(MODULES.values()), stop=stop),
            snapshots.run(settings.store_url, stop=stop),
        )

    _run(main)


def _run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until SIGTERM, SIGINT, or until the `serve` that started this process is gone."""

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        if parent := os.environ.get(PARENT_ENV):
            loop.add_reader(int(parent), _parent_gone, loop, int(parent), stop)
        await main(stop)

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    asyncio.run(run())


def _parent_gone(loop: asyncio.AbstractEventLoop, parent: int, stop: asyncio.Event) -> None:
    loop.remove_reader(parent)
    stop.set()
