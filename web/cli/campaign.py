"""`streamhub campaign`: create, open, close and list campaigns."""

from __future__ import annotations

from datetime import date

import click
import msgspec

from streamhub.commands import CreateCampaign
from web.cli.frame import Group, as_json, print_json, print_table
from web.cli.opening import can_be_opened
from web.cli.server import Server, checked, with_server


@click.group(
    cls=Group,
    example="streamhub campaign create --id GREENWEEK --title 'Low-carbon week' "
    "--starts-on 2026-12-01 --ends-on 2026-12-07",
)
def campaign() -> None:
    """Create, open, close and list campaigns."""


@campaign.command(
    example="streamhub campaign create --id GREENWEEK --title 'Low-carbon week' \\\n"
    "    --starts-on 2026-12-01 --ends-on 2026-12-07 --module travel"
)
@click.option("--id", "id_", required=True, help="3 to 24 capital letters, digits, hyphens.")
@click.option("--title", required=True, help="At most 120 characters.")
@click.option("--starts-on", required=True, help="First day, as 2026-12-01.")
@click.option("--ends-on", required=True, help="Last day, inclusive.")
@click.option("--module", default="travel", show_default=True, help="What people do in it.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="IANA name; where its days begin.")
@as_json
@with_server
def create(
    server: Server, id_: str, title: str, starts_on: str, ends_on: str, module: str, timezone: str, as_json: bool
) -> None:
    """Create a campaign. It takes entries once it is opened."""
    if _day("--starts-on", starts_on) > _day("--ends-on", ends_on):
        raise click.UsageError("--ends-on: must not be before --starts-on.")
    command = checked(
        CreateCampaign, id=id_, title=title, starts_on=starts_on, ends_on=ends_on, module=module, timezone=timezone
    )
    server.post("/api/campaigns", command)
    made = msgspec.json.decode(server.get(f"/api/campaigns/{id_}"), type=One).campaign
    if as_json:
        print_json({"id": made.id, "title": made.title, "module": made.module, "status": made.status})
        return
    click.echo(f"{id_} is {made.status}.")
    if made.status == "scheduled":
        click.echo(f"People can take part after: streamhub campaign open {id_}")


can_be_opened(
    campaign,
    "id",
    "GREENWEEK",
    opens="Open a campaign: from now on people can take part.",
    closes="Close a campaign: the ranking stands.",
)


@campaign.command("list", example="streamhub campaign list")
@as_json
@with_server
def list_(server: Server, as_json: bool) -> None:
    """All campaigns, newest first."""
    found = msgspec.json.decode(server.get("/api/campaigns"), type=Several).campaigns
    if as_json:
        print_json([msgspec.structs.asdict(each) for each in found])
        return
    rows = [(each.id, each.status, each.starts_on, each.ends_on, each.title) for each in found]
    print_table(("Id", "Status", "From", "To", "Title"), rows, "No campaign yet: streamhub campaign create --help")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What we show of a campaign; days are inclusive."""

    id: str
    title: str
    module: str
    status: str
    starts_on: str
    ends_on: str
    simulated: bool = False


class One(msgspec.Struct):
    campaign: Shown


class Several(msgspec.Struct):
    campaigns: list[Shown]


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option}: {text!r} is not a day, as 2026-12-01.") from None
