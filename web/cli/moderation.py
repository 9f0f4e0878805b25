"""`streamhub moderation`: how well the checks do on labelled text, and teaching them what people decided."""

from __future__ import annotations

from pathlib import Path

import click

from web.cli.frame import Failed, Group, as_json, print_json, progress_bar
from web.cli.policies import shadow, try_
from web.cli.server import Server, settings_of, with_server


@click.group(cls=Group, example="streamhub moderation evaluate labelled.jsonl")
def moderation() -> None:
    """Measure the moderation, and teach it."""


@moderation.command(example="streamhub moderation evaluate labelled.jsonl --rows verdicts.jsonl --json")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--rows", type=click.Path(path_type=Path, dir_okay=False), help="Write the verdict on each line here.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder; keeps the model.")
@as_json
def evaluate(file: Path, rows: Path | None, data: Path | None, as_json: bool) -> None:
    """Judge each line of FILE, {"text": ..., "label": ...}, as a live comment and compare with its label.

    Labels are ok, misinformation, promotion and abuse. Needs no running server. Lines that cannot be read
    are named and left out; the exit code is 1 if no line could be read."""
    from moderation.evaluate import evaluate_file, format_evaluation  # loads the model's libraries: seconds
    from moderation.model.encoder import ModelUnusable
    from moderation.policy import PolicyRefused

    settings = settings_of(data=data)
    with progress_bar(quiet=as_json) as progress:
        task = progress.add_task("judging", total=None)
        try:
            result = evaluate_file(
                file, model=settings.model, data=settings.data, policy=settings.policy, rows_out=rows,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )  # fmt: skip
        except (OSError, ModelUnusable, PolicyRefused) as error:
            raise Failed(f"{file} could not be evaluated: {error}") from error
    if as_json:
        print_json(result)
    else:
        click.echo(format_evaluation(result))
    if not result["rows"]:
        raise Failed(f"{file} has no line that could be read: each must be an object with text and label.")


@moderation.command(example="streamhub moderation train --rows labelled.jsonl")
@click.option(
    "--rows", "files", multiple=True, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help='Rows to learn from, one {"text": ..., "label": ...} a line; can be given several times.',
)  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder; keeps the model.")
@click.option("--force", is_flag=True, help="Replace the head that is in force even if the new one is no better.")
@as_json
def train(files: tuple[Path, ...], data: Path | None, force: bool, as_json: bool) -> None:
    """Teach the model what people decided, and say how much better it is on rows that it was not shown.

    Takes some minutes and needs no running server; workers read the new head when they start. To go back to
    the one that StreamHub came with, remove models/trained in the data folder."""
    from moderation.model.encoder import ModelUnusable
    from moderation.model.retrain import TooFew, format_card, retrain  # loads the model's libraries: seconds
    from moderation.model.unpack import WeightsMissing

    settings = settings_of(data=data)
    with progress_bar(quiet=as_json) as progress:
        task = progress.add_task("training", total=None)
        try:
            card = retrain(
                files, model=settings.model, data=settings.data, force=force,
                progress=lambda what: progress.update(task, description=what),
            )  # fmt: skip
        except (OSError, TooFew, ModelUnusable, WeightsMissing) as error:
            raise Failed(f"nothing was learned: {error}") from error
    if as_json:
        print_json(card)
    else:
        click.echo(format_card(card))
    if not card.written:
        raise Failed("the head in force was kept, because the new one is no better; --force replaces it all the same.")


@moderation.command(example="streamhub moderation rows --broadcast REEF -o decided.jsonl")
@click.option("--broadcast", required=True, help="Code of the broadcast.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write here, not to the screen.")
@with_server
def rows(server: Server, broadcast: str, output: Path | None) -> None:
    """What people decided in a broadcast, as JSON lines of text, label and lang, to train with.

    Refused unless the organizer has allowed it on the broadcast's page of rules. Names and ids are not in it."""
    found = server.get(f"/api/broadcasts/{broadcast}/rows")
    if output is None:
        click.echo(found, nl=False)
    else:
        output.write_bytes(found)
        click.echo(f"{len(found.splitlines())} rows written to {output}.")


moderation.add_command(try_)
moderation.add_command(shadow)
