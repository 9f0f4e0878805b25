"""`streamhub doctor`: what is wrong with this setup, in plain words."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import click
import msgspec

from web.cli.frame import Command, Failed, as_json, print_json
from web.cli.server import settings_of
from web.doctor import machine
from web.doctor.finding import Finding, bad

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "bad": ("✗", "red")}
WATCH_SECONDS = 0.2


@click.command(cls=Command, example="streamhub doctor --data data --port 8080")
@click.option("--data", type=click.Path(path_type=Path), help="Data folder to look at.  [default: data]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port that is wanted.  [default: 8080]")
@as_json
def doctor(data: Path | None, port: int | None, as_json: bool) -> None:
    """Say in plain words what is wrong with a setup.

    Each finding comes with what to do. The exit code is 1 if something is bad."""
    findings = asyncio.run(_examine(data, port))
    if as_json:
        well = not any(each.level == "bad" for each in findings)
        print_json({"ok": well, "findings": [msgspec.structs.asdict(each) for each in findings]})
    else:
        for each in findings:
            mark, colour = MARKS[each.level]
            click.echo(f"{click.style(mark, fg=colour)} {each.check}: {each.message}")
            if each.advice:
                click.echo(f"    {each.advice}")
    if any(each.level == "bad" for each in findings):
        sys.exit(1)


async def _examine(data: Path | None, port: int | None) -> list[Finding]:
    return [each async for each in _findings(data, port)]


async def _findings(data: Path | None, port: int | None) -> AsyncIterator[Finding]:
    yield machine.python(sys.version_info[:3])
    try:
        settings = settings_of(data=data, port=port)
    except Failed as error:
        yield bad("settings", error.message, "Correct or unset it.")
        return
    from web.doctor import parts  # after Python was found to be new enough

    yield machine.folder(settings.data)
    yield machine.disk(settings.data)
    running = parts.running_on(settings)
    stored, store_ahead = await parts.store(settings, running)
    served, server_ahead = await parts.server(running)
    yield stored
    yield served
    own = running.pids if running and running.alive else set()
    yield machine.port(settings.host, settings.port, own)
    ahead = {"the store": store_ahead, "the server": server_ahead}
    now = time.time()
    yield machine.clock(now, {whose: now + by for whose, by in ahead.items() if by is not None}, await _drift())
    yield parts.model(settings)
    yield parts.secret(settings)
    yield parts.browser_files()
    yield parts.catalogues()


async def _drift() -> float:
    wall, steady = time.time(), time.monotonic()
    await asyncio.sleep(WATCH_SECONDS)
    return (time.time() - wall) - (time.monotonic() - steady)
