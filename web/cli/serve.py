"""`streamhub serve` and the roles that it starts (`hub`, `moderate`, `boards`), for containers one by one."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import click

from web.cli.frame import Command, Failed
from web.cli.server import settings_of
from web.settings import Settings

data_option = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder where everything is kept.  [default: data]"
)
port_option = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8080]")
host_option = click.option("--host", help="Address to listen on; 0.0.0.0 for all.  [default: 127.0.0.1]")


@click.command(cls=Command, example="streamhub serve --data data --port 8080 --demo")
@data_option
@port_option
@host_option
@click.option("--demo", is_flag=True, help="Create and play a simulated broadcast, REEF.")
@click.option("--demo-speed", type=click.FloatRange(0, 1000), envvar="STREAMHUB_DEMO_SPEED", default=1.0, hidden=True)
@click.option(
    "--hubs", type=click.IntRange(1, 64), default=None, help="Processes for viewers.  [default: one a core, at most 4]"
)
@click.option("--moderators", type=click.IntRange(1, 64), default=1, show_default=True, help="Moderation processes.")
def serve(
    data: Path | None,
    port: int | None,
    host: str | None,
    demo: bool,
    demo_speed: float,
    hubs: int | None,
    moderators: int,
) -> None:
    """Run everything on this machine: store, hub, moderation, boards. Ctrl-C stops it.

    Everything is in the data folder afterwards; starting again finds it there. Settings come from
    STREAMHUB_ variables too; what is given here wins."""
    from web.demo.load import run_demo
    from web.serve import CannotServe
    from web.serve import serve as run

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    settings = settings_of(data=data, port=port, host=host, demo=demo)

    async def beside(settings: Settings, stop: asyncio.Event) -> None:
        await run_demo(settings, stop, speed=demo_speed)

    try:
        asyncio.run(run(settings, hubs=hubs or 0, moderators=moderators, say=_say, beside=beside if demo else None))
    except CannotServe as error:
        raise Failed(f"Cannot start: {error}. `streamhub doctor` looks closer.") from error


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()


@click.command(cls=Command, example="STREAMHUB_STORE=redis://valkey:6379 streamhub hub --host 0.0.0.0 --port 8080")
@data_option
@port_option
@host_option
def hub(data: Path | None, port: int | None, host: str | None) -> None:
    """One hub process alone: pages and sockets. For containers; `serve` starts it by itself."""
    from web.roles import run_hub

    _role(run_hub, settings_of(data=data, port=port, host=host))


@click.command(cls=Command, example="STREAMHUB_STORE=redis://valkey:6379 streamhub moderate")
@data_option
def moderate(data: Path | None) -> None:
    """One moderation worker alone. For containers; `serve` starts it by itself."""
    from web.roles import run_moderation

    _role(run_moderation, settings_of(data=data))


@click.command(cls=Command, example="STREAMHUB_STORE=redis://valkey:6379 streamhub boards")
@data_option
def boards(data: Path | None) -> None:
    """The worker that keeps the rankings, alone. For containers; `serve` starts it by itself."""
    from web.roles import run_boards

    _role(run_boards, settings_of(data=data))


def _role(run: Callable[[Settings], None], settings: Settings) -> None:
    try:
        run(settings)
    except OSError as error:
        raise Failed(f"Cannot start: {error.strerror or error}. `streamhub doctor` looks closer.") from error
