"""`streamhub bench`: measure this machine's server, alone or beside its peers."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click
import msgspec

from web.cli.frame import Failed, Group, as_json, print_json, print_table
from web.cli.server import settings_of

PEERS = ("node", "stock", "raw")


@click.group(cls=Group, example="streamhub bench fanout --viewers 1000 --rate 50 --seconds 10")
def bench() -> None:
    """Measure what this machine can do."""


@bench.command(example="streamhub bench fanout --viewers 1000 --rate 50 --tick 100 --against node,raw --rounds 3")
@click.option("--viewers", type=click.IntRange(1, 30_000), default=1000, show_default=True, help="Viewers of one room.")
@click.option("--rate", type=click.FloatRange(0.1, 1000), default=5.0, show_default=True, help="Comments a second.")
@click.option("--seconds", type=click.FloatRange(1, 600), default=10.0, show_default=True, help="How long to measure.")
@click.option("--rounds", type=click.IntRange(1, 50), default=1, show_default=True, help="Medians over so many.")
@click.option("--against", default="", metavar="NAMES", help="Peers to measure beside: node, stock, raw, with commas.")
@click.option("--tick", type=click.IntRange(0, 1000), default=0, help="Peers put so many ms of comments in one frame.")
@click.option("--moderation", is_flag=True, help="Verdicts from a real moderation worker, not from the bench.")
@click.option("--deflate", is_flag=True, help="Once more, with viewers who offer compression as browsers do.")
@as_json
def fanout(
    viewers: int,
    rate: float,
    seconds: float,
    rounds: int,
    against: str,
    tick: int,
    moderation: bool,
    deflate: bool,
    as_json: bool,
) -> None:
    """Processor time per delivered comment and memory per idle viewer, of a real hub process.

    Viewers join over WebSocket as browsers do; comments go through admission, the log and the tick. A server of its
    own is started in a temporary folder; nothing else is touched."""
    from web.bench.fanout import measure
    from web.bench.servers import Options

    peers = [name.strip() for name in against.split(",") if name.strip()]
    if unknown := [name for name in peers if name not in PEERS]:
        raise click.UsageError(f"no such peer: {', '.join(unknown)}; there are {', '.join(PEERS)}")
    if not sys.platform.startswith("linux"):
        raise Failed("The measurement reads /proc, which only Linux has.")
    options = Options(viewers=viewers, rate=rate, seconds=seconds, tick=tick, moderation=moderation)
    say = (lambda _: None) if as_json else (lambda text: click.echo(text, err=True))
    ours = ["streamhub", "compressed"] if deflate else ["streamhub"]
    found = asyncio.run(measure([*ours, *peers], options, rounds, say))
    if as_json:
        given = msgspec.to_builtins(options)
        print_json({name: msgspec.to_builtins(one) | {"options": given} for name, one in found.items()})
        return
    figures = ("µs a delivery", "bytes a delivery", "memory a viewer", "p50 ms", "p99 ms", "delivered", "expected")
    rows = [
        (
            name, f"{one.us_per_delivery:.2f}", f"{one.bytes_per_delivery:.0f}", f"{one.rss_per_viewer_bytes:.0f}",
            f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}", str(one.delivered), str(one.expected),
        )
        for name, one in found.items()
    ]  # fmt: skip
    print_table(("server", *figures), rows, "Nothing could be measured.")


@bench.command(example="streamhub bench load --json")
@click.option("--viewers", type=click.IntRange(10, 5000), default=1000, show_default=True, help="Viewers of one room.")
@click.option(
    "--comments", type=click.IntRange(10, 20_000), default=3000, show_default=True, help="Comments of a flood."
)
@click.option("--rooms", type=click.IntRange(1, 2000), default=500, show_default=True, help="Quiet broadcasts.")
@as_json
def load(viewers: int, comments: int, rooms: int, as_json: bool) -> None:
    """What this machine holds: people coming, comments through the whole path, log entries, quiet rooms.

    Servers of their own are started in temporary folders, one after another; nothing else is touched."""
    from web.bench.holding import Amounts, hold

    if not sys.platform.startswith("linux"):
        raise Failed("The measurement reads /proc, which only Linux has.")
    if comments > 5 * viewers:
        raise click.UsageError("a viewer may say five comments at once: ask for more --viewers or fewer --comments")
    say = (lambda _: None) if as_json else (lambda text: click.echo(text, err=True))
    found = asyncio.run(hold(Amounts(viewers=viewers, comments=comments, rooms=rooms), say))
    if as_json:
        print_json(found)
        return
    rows = [(row, name, f"{figure:g}") for row, figures in found.items() for name, figure in figures.items()]
    print_table(("what", "figure", ""), rows, "Nothing could be measured.")


@bench.command(example="streamhub bench opening --comments 20000 --viewers 1000")
@click.option("--comments", type=click.IntRange(1000, 200_000), default=20_000, show_default=True, help="Said in it.")
@click.option("--viewers", type=click.IntRange(1, 30_000), default=1000, show_default=True, help="Of another one.")
@click.option("--rate", type=click.FloatRange(0.1, 1000), default=5.0, show_default=True, help="Comments they make.")
@as_json
def opening(comments: int, viewers: int, rate: float, as_json: bool) -> None:
    """How long a hub is held while it opens a long broadcast, and while people come to that.

    Others watch another broadcast meanwhile. A server of its own is started in a temporary folder; nothing else is
    touched."""
    from web.bench.opening import measure
    from web.bench.servers import Options

    if not sys.platform.startswith("linux"):
        raise Failed("The measurement reads /proc, which only Linux has.")
    say = (lambda _: None) if as_json else (lambda text: click.echo(text, err=True))
    found = asyncio.run(measure(Options(viewers=viewers, rate=rate, seconds=0), comments, say))
    if as_json:
        print_json({name: msgspec.to_builtins(row) for name, row in found.items()})
        return
    figures = ("seconds", "bytes", "turn p99 ms", "longest", "own p99 ms", "longest", "others' p99 ms")
    rows = [
        (
            name, f"{row.seconds:.3f}", str(row.bytes), f"{row.turn_p99_ms:.1f}", f"{row.turn_max_ms:.1f}",
            f"{row.turn_own_p99_ms:.1f}", f"{row.turn_own_max_ms:.1f}", f"{row.others_p99_ms:.0f}",
        )
        for name, row in found.items()
    ]  # fmt: skip
    print_table(("what", *figures), rows, "Nothing could be measured.")


@bench.command("moderation", example="streamhub bench moderation --json")
@click.option("--seconds", type=click.FloatRange(2, 600), default=20.0, show_default=True, help="Of live comments.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder; keeps the model.")
@as_json
def moderation_speed(seconds: float, data: Path | None, as_json: bool) -> None:
    """Comments a second of each stage of the moderation and of the whole, delay, cold start and memory.

    One thread, on our own sentences in the proportions of a lively broadcast. Needs no running server."""
    from web.bench.moderation import measure

    settings = settings_of(data=data)
    say = (lambda _: None) if as_json else (lambda text: click.echo(text, err=True))
    found = measure(settings.model, settings.data, seconds, say)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    rows = [
        ("normalise and rules", f"{found.rules:,.0f} a second"),
        ("linear model, in batches", f"{found.linear:,.0f} a second"),
        (f"encoder, {found.encoder_tokens:.0f} tokens", f"{found.encoder:,.0f} a second"),
        (f"whole cascade, encoder asked about {found.asked:.0%}", f"{found.cascade:,.0f} a second"),
        (f"on a played evening, asked about {found.asked_evening:.0%}", f"{found.evening:,.0f} a second"),
        ("delay at 50 a second, p50 and p95", f"{found.p50_ms:.0f} and {found.p95_ms:.0f} ms"),
        ("cold start of the worker", f"{found.cold_start_seconds:.1f} s"),
        ("memory", f"{found.memory_mb:,.0f} MB"),
    ]
    print_table(("what", "reached"), rows, "Nothing could be measured.")
