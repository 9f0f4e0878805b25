"""`streamhub replay`: a recording's comments, through the real path, as different viewers."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

import click

from web.cli.frame import Command, Failed, as_json, print_json, progress_bar
from web.cli.server import Server, with_server
from web.replaying.account import Summary, Watcher
from web.replaying.player import Player, Stopped
from web.replaying.recording import Recording, Unreadable, load
from web.replaying.room import Room

LINES_SHOWN = 20
"""Malformed and refused lines named on the screen; --json names all."""


@click.command(cls=Command, example="streamhub replay evening.xml --broadcast REEF --speed 4")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--broadcast", required=True, metavar="CODE", help="An open broadcast.")
@click.option("--speed", default="1", show_default=True, help="How many times as fast; 0 or max: as fast as admitted.")
@click.option("--wait", default=60.0, show_default=True, help="Seconds to wait for verdicts after the last comment.")
@click.option("--again", is_flag=True, help="Say everything anew, even what an earlier replay of this file said.")
@as_json
@with_server
def replay(
    server: Server, file: Path, broadcast: str, speed: str, wait: float, again: bool, as_json: bool
) -> None:  # fmt: skip
    """Replay recorded comments into an open broadcast.

    FILE is bilibili XML as recorders write it, or JSON lines {"t": seconds, "user": ..., "text": ...}. The first
    comment is said at once, the others at their distance from it. A malformed line is reported and skipped.
    A replay that was cut off can be repeated: what was said already is not said twice."""
    try:
        recording = load(file)
    except Unreadable as error:
        raise Failed(str(error)) from error
    summary = asyncio.run(_replay(server, recording, broadcast, _factor(speed), wait, again, quiet=as_json))
    if as_json:
        print_json(summary)
    else:
        _print(summary)
    if summary.interrupted:
        click.echo(summary.stopped, err=True)
        raise SystemExit(130)
    if summary.stopped:
        raise Failed(summary.stopped)


async def _replay(
    server: Server, recording: Recording, code: str, speed: float, wait: float, again: bool, *, quiet: bool
) -> Summary:
    summary = Summary.of(recording, code)
    watcher = Watcher(server.client, code, summary)
    try:
        await watcher.check_open()
    except Stopped as error:
        raise Failed(str(error)) from error
    with progress_bar(quiet=quiet) as progress:
        task = progress.add_task("saying", total=len(recording.said))
        async with Room(server.url, code, server.signer) as room:
            player = Player(room, recording.said, speed=speed, series=watcher.series(recording, again))
            _stop_on_interrupt(player)
            player.on_settled = lambda: progress.update(task, completed=player.settled)
            async with watcher.watching():
                try:
                    await player.play()
                except Stopped as error:
                    summary.stopped = str(error)
        summary.take(player)
        progress.update(task, description="waiting for verdicts")
        await watcher.settle(player.ids, 0.0 if player.interrupted else wait)
    return summary


def _stop_on_interrupt(player: Player) -> None:
    """The first Ctrl-C ends the replay with its summary; a second one ends the command."""
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        player.stop()
        loop.remove_signal_handler(signal.SIGINT)

    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, not beside a thread
        loop.add_signal_handler(signal.SIGINT, interrupted)


def _factor(text: str) -> float:
    """0 means as fast as admitted."""
    if text.lower() == "max":
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1000:
        raise click.UsageError("--speed: must be a number from 0 to 1000, or max.")
    return value


def _print(summary: Summary) -> None:
    click.echo(
        f"Sent {summary.sent} of {summary.comments} comments as {summary.viewers} viewers in {summary.seconds} s: "
        f"{summary.accepted} accepted ({summary.repeated} of them said before), {summary.refused} refused."
    )
    click.echo(
        f"Shown {summary.shown}, held {summary.held}, rejected {summary.rejected}, waiting {summary.waiting}. "
        f"Malformed lines: {summary.malformed}."
    )
    for kind, lines in (("malformed", summary.malformed_lines), ("refused", summary.refused_lines)):
        for each in lines[:LINES_SHOWN]:
            click.echo(f"line {each.line}: {kind}: {each.why}", err=True)
        if len(lines) > LINES_SHOWN:
            click.echo(f"… and {len(lines) - LINES_SHOWN} more {kind} lines (--json names all).", err=True)
