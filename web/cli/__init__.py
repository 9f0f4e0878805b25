"""The command line, `streamhub`: everything an organizer or operator can ask for, scriptable.

One file per command group; `main` is the installed entry point. Exit codes: 0 done, 1 failed, 2 wrong use,
130 interrupted. Results go to standard output, sentences about trouble to standard error.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version

import click

from web.cli.bench import bench
from web.cli.broadcast import broadcast
from web.cli.campaign import campaign
from web.cli.doctor import doctor
from web.cli.frame import Group
from web.cli.link import link
from web.cli.log import log
from web.cli.moderation import moderation
from web.cli.replay import replay
from web.cli.report import report
from web.cli.serve import boards, hub, moderate, serve
from web.cli.travel import travel

TRACE = "STREAMHUB_TRACE"
"""Set to anything, an unforeseen error is shown as Python shows it."""


def _version() -> str:
    try:
        return version("streamhub")
    except PackageNotFoundError:
        return "(not installed)"


@click.group(cls=Group, example="streamhub serve --demo", context_settings={"max_content_width": 110})
@click.version_option(_version(), prog_name="streamhub", message="%(prog)s %(version)s")
def streamhub() -> None:
    """Live environmental broadcasts: run them, feed them, moderate them, report on them."""


for command in (
    serve, broadcast, campaign, link, replay, log, report, moderation, travel, doctor, bench, hub, moderate, boards,
):  # fmt: skip
    streamhub.add_command(command)


def main() -> None:
    """Run the command line; never shows a traceback unless STREAMHUB_TRACE asks for it."""
    try:
        streamhub.main(prog_name="streamhub")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get(TRACE):
            raise
        click.echo(
            f"This should not have happened ({type(error).__name__}: {error}). "
            f"Run it again with {TRACE}=1 to see where, and tell us.",
            err=True,
        )
        sys.exit(1)
