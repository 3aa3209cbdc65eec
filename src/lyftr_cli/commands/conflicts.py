"""`lyftr conflicts`: list deliveries whose `message_id` was there already with other content."""

import asyncio
import json

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.output.columns import Column
from lyftr_cli.output.output import Output, output_option, say
from lyftr_core import Conflict, ConflictPage, ListConflicts, format_timestamp
from lyftr_core.database import Database
from lyftr_core.use_cases.list import MAX_CONFLICTS

__all__ = ["COLUMNS", "conflicts"]

_EXAMPLES = """
\b
Examples:
  lyftr conflicts --limit 20
  lyftr conflicts --json | jq -r .message_id
"""
COLUMNS = (
    Column("DELIVERIES", is_number=True, leaves=3),
    Column("FIRST RECEIVED", leaves=1),
    Column("LAST RECEIVED", leaves=2),
    Column("FIELDS", style="yellow", leaves=4),
    Column("MESSAGE ID", style="cyan", is_flexible=True),  # the last, as it may be long
)


@click.command(epilog=_EXAMPLES)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, MAX_CONFLICTS),
    help="At most how many.  [default: 100]",
)
@output_option
def conflicts(*, limit: int | None, output: Output) -> None:
    """List deliveries that came under a known message_id with other content.

    The first message was kept. A line says how often others came, when, and which fields differ;
    the latest come first. MESSAGE ID is in quotes, as in JSON. A server may run.
    """
    page = asyncio.run(_read(database_for(settings_from_environment()), limit))
    if not output.is_for_people:
        output.records(page.items)
    elif page.items:
        output.table(COLUMNS, map(_cells, page.items))
    else:
        output.say("no conflicts")
    if page.has_more:
        say(f"only the latest {len(page.items)} are shown; --limit shows more", err=True)


async def _read(database: Database, limit: int | None) -> ConflictPage:
    list_conflicts = ListConflicts(database.store.reader)
    async with database.store.reading():
        return await (list_conflicts() if limit is None else list_conflicts(limit))


def _cells(conflict: Conflict) -> tuple[str, ...]:
    return (
        str(conflict.deliveries),
        format_timestamp(conflict.first_received_at),
        format_timestamp(conflict.last_received_at),
        ",".join(conflict.fields),
        json.dumps(conflict.message_id, ensure_ascii=False),
    )
