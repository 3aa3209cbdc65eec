"""`lyftr search`: find messages by what their text holds."""

import asyncio
from collections.abc import Callable, Sequence

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.options import TEXT, filter_options, message_filter
from lyftr_cli.output.output import Output, output_option, printer_of_messages, say
from lyftr_core import ListMessages, MessageFilter, Order, PageRequest, StoredMessage
from lyftr_core.database import Database
from lyftr_core.use_cases.list import MAX_LIMIT

__all__ = ["search"]

_EXAMPLES = """
\b
Examples:
  lyftr search refund
  lyftr search 'order 17' --from +919876543210 --since 7d
  lyftr search --since 1h --limit 100
  lyftr search refund --all --json > found.jsonl
"""


@click.command(epilog=_EXAMPLES)
@click.argument("text", type=TEXT, required=False)
@filter_options
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=20,
    help="At most how many.  [default: 20]",
)
@click.option("--all", "without_limit", is_flag=True, help="Everything that is found.")
@output_option
def search(
    text: str | None, *, limit: int, without_limit: bool, output: Output, **options: str | None
) -> None:
    """Find the messages whose text holds TEXT, the latest ts first.

    Upper and lower case are the same, and there are no wildcards. Without TEXT it lists what the
    options ask for. It reads the database of DATABASE_URL; a server may run.
    """
    query = message_filter(options, q=text)
    database = database_for(settings_from_environment())
    show = printer_of_messages(output, text)
    wanted = None if without_limit else limit
    shown, total = asyncio.run(
        _search(database, query, wanted, show, with_total=output.is_for_people)
    )
    if total is not None:
        more = "" if shown == total else f" of {total:,}; --limit or --all shows more"
        say(f"{shown:,}{more or ' found'}", err=True)


async def _search(
    database: Database,
    query: MessageFilter,
    wanted: int | None,
    show: Callable[[Sequence[StoredMessage]], None],
    *,
    with_total: bool,
) -> tuple[int, int | None]:
    """Show what is found, page by page; return how many were shown, and how many there are."""
    list_messages = ListMessages(database.listing_reader)
    shown, total, cursor = 0, None, None
    async with database.store.reading():
        while wanted is None or shown < wanted:
            page = await list_messages(
                query,
                PageRequest(
                    limit=MAX_LIMIT if wanted is None else min(wanted - shown, MAX_LIMIT),
                    cursor=cursor,
                    order=Order.DESCENDING,
                    with_total=with_total and cursor is None,
                ),
            )
            show(page.items)
            shown, cursor = shown + len(page.items), page.next_cursor
            total = page.total if total is None else total
            if cursor is None:
                break
    return shown, total
