"""`streamhub moderation try` and `shadow`: what another policy says of a broadcast, after it or while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from streamhub.facts import BroadcastCreated, BroadcastEdited, BroadcastFact, WordListed, WordUnlisted
from streamhub.state.projection import Entry
from web.cli.frame import Command, Failed, as_json, print_json, print_table
from web.cli.server import Server, run, settings_of, with_server


class _Line(msgspec.Struct):
    id: str
    fact: msgspec.Raw


@click.command("try", cls=Command, example="streamhub moderation try careful.toml --broadcast REEF")
@click.argument("policy", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--broadcast", "code", required=True, metavar="CODE", help="Whose log is judged again.")
@as_json
@with_server
def try_(server: Server, policy: Path, code: str, as_json: bool) -> None:
    """Judge the log of a broadcast again by POLICY, a TOML file, and say what would have differed, row by row.

    Words and claims of the broadcast, and words of its campaigns, count as they did at the time.
    Nothing is changed, nothing is recorded."""
    from moderation.model.encoder import ModelUnusable  # these load the model's libraries: a second
    from moderation.pipeline import Pipeline, load_model
    from moderation.policy import PolicyRefused, load_policy
    from moderation.trial import Trial

    try:
        tried = load_policy(policy)
    except PolicyRefused as error:
        raise Failed(str(error)) from error
    entries = run(_entries(server, f"/api/broadcasts/{code}/log"))
    settings = settings_of()
    try:
        pipeline = Pipeline(load_model(settings.model, settings.data), tried)
    except ModelUnusable as error:
        raise Failed(f"The model cannot be used: {error}") from error
    trial = Trial(pipeline, tried, run(_campaign_words(server, entries)), settings.home)
    trial.feed(entries)
    result = trial.result()
    if as_json:
        print_json(msgspec.to_builtins(result))
        return
    click.echo(f"{result.comments} comments by {result.policy}: {len(result.changes)} would differ.")
    if result.unjudged:
        click.echo(f"{result.unjudged} had no verdict then and are not compared.")
    rows = [
        (row.comment, row.was, row.would, _why(row.would_reasons or row.was_reasons), row.person or "–", row.text)
        for row in result.changes
    ]
    print_table(("comment", "was", "would be", "why", "person", "text"), rows, "Nothing would differ.")


def _why(reasons: tuple[msgspec.Struct, ...]) -> str:
    return ", ".join(f"{reason.code} {reason.rule}".strip() for reason in reasons)  # type: ignore[attr-defined]


async def _campaign_words(server: Server, entries: list[Entry]) -> dict[str, list[Entry]]:
    """What the campaigns listed to which the broadcast has ever belonged."""
    facts = [entry.fact for entry in entries if isinstance(entry.fact, BroadcastCreated | BroadcastEdited)]
    names = dict.fromkeys(name for fact in facts for name in fact.campaigns or ())
    return {
        name: await _entries(server, f"/api/campaigns/{name}/words/log", WordListed | WordUnlisted) for name in names
    }


async def _entries(server: Server, path: str, kinds: Any = BroadcastFact) -> list[Entry]:
    """An entry of a kind that this version does not know keeps its place, with None for its fact."""
    lines, facts = msgspec.json.Decoder(_Line), msgspec.json.Decoder(kinds)
    found = []
    async for text in server.client.lines(path):
        line = lines.decode(text)
        try:
            found.append(Entry(line.id, facts.decode(line.fact)))
        except msgspec.ValidationError:
            found.append(Entry(line.id, None))
    return found


@click.command(cls=Command, example="streamhub moderation shadow REEF --json")
@click.argument("code")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder of the server.")
@click.option("--rows", is_flag=True, help="The latest comments of which the two say different things, one a row.")
@as_json
def shadow(code: str, data: Path | None, rows: bool, as_json: bool) -> None:
    """Show what the shadow policy would have said of a broadcast's comments so far, beside what was said.

    The settings name it (STREAMHUB_SHADOW, a policy file); it is counted and never acts."""
    from moderation import shadow as shadow_
    from streamhub.record.store import connect

    async def read() -> tuple[dict[str, dict[str, int]], list[shadow_.Row]]:
        store = connect(settings_of(data=data).store_url)
        try:
            return await shadow_.counts(store, code), await shadow_.rows(store, code) if rows else []
        finally:
            await store.aclose()

    try:
        found, differing = run(read())
    except (OSError, ConnectionError) as error:
        raise Failed(f"The store cannot be reached: {type(error).__name__}.") from error
    if as_json:
        print_json(msgspec.to_builtins(differing) if rows else found)
        return
    if rows:
        lines = [(row.policy, row.comment, row.was, row.would, row.text) for row in differing]
        print_table(("shadow policy", "comment", "said", "would say", "text"), lines, "They say the same so far.")
        return
    totals = [
        (policy, *pair.split(">"), str(count))
        for policy, pairs in found.items()
        for pair, count in sorted(pairs.items())
    ]
    print_table(("shadow policy", "said", "would say", "comments"), totals, "No shadow policy was at work here.")
