"""`lyftr tail`: the last messages in the order in which they were stored, and new ones."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Sequence

import click
import msgspec

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.options import TEXT, filter_options, message_filter
from lyftr_cli.output.following import Following
from lyftr_cli.output.output import Output, output_option, printer_of_messages
from lyftr_core import LogRequest, MessageFilter, ReadLog, StoredMessage
from lyftr_core.database import Database
from lyftr_core.use_cases.list import MAX_LIMIT

__all__ = ["last_messages", "tail"]

_FIRST_WINDOW = 1_000
_WIDER = 8
_EXAMPLES = """
\b
Examples:
  lyftr tail
  lyftr tail --follow --from +919876543210
  lyftr tail -n 0 --follow --json | jq -r .text
  lyftr tail --after 1200 --json >> copy.jsonl
"""


@click.command(epilog=_EXAMPLES)
@click.option("-f", "--follow", is_flag=True, help="Go on with new messages, until Ctrl-C.")
@click.option(
    "-n", "count", metavar="N", type=click.IntRange(min=0), help="How many.  [default: 10]"
)
@click.option(
    "--after", metavar="SEQ", type=click.IntRange(0, 2**63 - 1), help="All behind this seq."
)
@filter_options
@click.option("--q", type=TEXT, metavar="TEXT", help="Only with this in the text.")
@output_option
def tail(
    *,
    follow: bool,
    count: int | None,
    after: int | None,
    q: str | None,
    output: Output,
    **options: str | None,
) -> None:
    """Show the last messages, in the order in which they were stored.

    With --follow it goes on with new ones as they are committed, over a restart of PostgreSQL too.
    It ends if the reader of its output ends, or another database takes the place of this one. The
    seq of the last one shown is where --after goes on later, without a gap or a repeat. It reads
    the database of DATABASE_URL; a server may run.
    """
    if count is not None and after is not None:
        raise click.UsageError("-n and --after exclude each other")
    wanted = _Wanted(
        query=message_filter(options, q=q, q_name="--q"),
        count=10 if count is None else count,
        after=after,
        follow=follow,
    )
    database = database_for(settings_from_environment())
    asyncio.run(_tail(database, wanted, printer_of_messages(output, q)))


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    query: MessageFilter
    count: int
    after: int | None
    follow: bool


async def _tail(
    database: Database, wanted: _Wanted, show: Callable[[Sequence[StoredMessage]], None]
) -> None:
    async with database.store.reading() as store:
        # Not of a replica: that may be behind the end of the log, where this begins.
        read_log = ReadLog(store.reader)
        after = wanted.after
        if after is None:
            after = await store.reader.last_seq()
            show(await last_messages(read_log, wanted.query, wanted.count, through=after))
        elif not wanted.follow:
            await _show_behind(read_log, wanted.query, after, show)
        if wanted.follow:
            await Following(store, wanted.query, after, show)()


async def _show_behind(
    read_log: ReadLog,
    query: MessageFilter,
    after: int,
    show: Callable[[Sequence[StoredMessage]], None],
) -> None:
    has_more = True
    while has_more:
        page = await read_log(query, LogRequest(after=after, limit=MAX_LIMIT))
        show(page.items)
        after, has_more = page.next_after, page.has_more


async def last_messages(
    read_log: ReadLog, query: MessageFilter, count: int, *, through: int
) -> list[StoredMessage]:
    """Return the last messages that pass a filter, in order.

    The log is read from its end, in pieces that grow.

    Args:
        read_log: Reads it forwards.
        query: Which messages.
        count: At most how many.
        through: The `seq` of the last that is looked at.
    """
    found: list[StoredMessage] = []
    window = _FIRST_WINDOW
    while through > 0 and (missing := count - len(found)) > 0:
        before = max(through - window, 0)
        found = [*await _last_between(read_log, query, missing, before, through), *found]
        through, window = before, window * _WIDER
    return found


async def _last_between(
    read_log: ReadLog, query: MessageFilter, count: int, after: int, through: int
) -> deque[StoredMessage]:
    found: deque[StoredMessage] = deque(maxlen=min(count, sys.maxsize))
    has_more = True
    while has_more and after < through:
        page = await read_log(query, LogRequest(after=after, limit=MAX_LIMIT))
        found += (stored for stored in page.items if stored.seq <= through)
        after, has_more = page.next_after, page.has_more
    return found
