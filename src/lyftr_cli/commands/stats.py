"""`lyftr stats`: figures over all messages."""

import asyncio

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.output.output import Output, output_option
from lyftr_core import ComputeStats, Stats
from lyftr_core.database import Database
from lyftr_core.wire import StatsBody

__all__ = ["stats"]

_EXAMPLES = """
\b
Examples:
  lyftr stats
  lyftr stats --json | jq .total_messages
"""


@click.command(epilog=_EXAMPLES)
@output_option
def stats(*, output: Output) -> None:
    """Show how many messages there are, who sends most, and how many came an hour.

    The hours are that of the last ts and the 23 before it, in UTC. The JSON is that of GET /stats.
    It reads the database of DATABASE_URL; a server may run.
    """
    figures = asyncio.run(_read(database_for(settings_from_environment())))
    if output.is_for_people:
        from lyftr_cli.output.stats_charts import print_stats  # noqa: PLC0415 - rich loads slowly

        print_stats(figures)
    else:
        output.records([StatsBody.of(figures)])


async def _read(database: Database) -> Stats:
    compute_stats = ComputeStats(database.listing_reader)
    async with database.store.reading():
        return await compute_stats()
