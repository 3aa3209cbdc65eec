"""`lyftr export`: write messages to a file, for other programs or for `lyftr import`."""

import asyncio
import sys
from pathlib import Path
from typing import BinaryIO

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.options import TEXT, filter_options, message_filter
from lyftr_cli.output.output import say
from lyftr_cli.output.progress import progress
from lyftr_cli.transfer.output_files import OUTPUT_FILE, file_or_stdout
from lyftr_cli.transfer.part_file import part_file, part_of
from lyftr_cli.transfer.record_files import (
    FileFormat,
    ReadRecord,
    RecordFile,
    format_option,
    header_of,
    writer_of,
)
from lyftr_core import LogSelection, MessageFilter
from lyftr_core.database import Database

__all__ = ["export"]

_EXAMPLES = """
\b
Examples:
  lyftr export --output messages.jsonl
  lyftr export --since 2026-01-01T00:00:00Z --format csv > january.csv
  lyftr export | gzip > messages.jsonl.gz
"""
_AT_ONCE = 2_000
"""How many messages are read at once."""


@click.command(epilog=_EXAMPLES)
@filter_options
@click.option("--q", type=TEXT, metavar="TEXT", help="Only those whose text holds this.")
@format_option
@click.option(
    "--output",
    metavar="FILE",
    type=OUTPUT_FILE,
    callback=file_or_stdout,
    help="Where to write; - is standard output.  [default: -]",
)
@click.option("--resume", is_flag=True, help="Go on where an earlier run was stopped.")
@click.option("--force", is_flag=True, help="Replace FILE if it is a regular file.")
def export(
    *,
    q: str | None,
    file_format: FileFormat | None,
    output: Path | None,
    resume: bool,
    force: bool,
    **filters: str | None,
) -> None:
    """Write messages in the order in which they were stored.

    Each is a JSON object on a line of its own, or a row of CSV. What comes while it runs is left
    out. A server may run.

    FILE is there only when it is whole; until then its content is in FILE.part. Interrupted, even
    killed, the same command with --resume goes on from there.
    """
    query = message_filter(filters, q=q, q_name="--q")
    chosen = FileFormat(file_format) if file_format else FileFormat.of(output)
    database = database_for(settings_from_environment())
    if output is None:
        if resume or force:
            raise click.UsageError("--resume and --force need --output FILE")
        sys.stdout.buffer.write(header_of(chosen))
        asyncio.run(_export(database, query, chosen, sys.stdout.buffer, after=0))
        return
    with part_file(output, database, force=force, resume=resume) as stream:
        after = _continue(stream, chosen)
        try:
            count = asyncio.run(_export(database, query, chosen, stream, after))
        except BaseException:
            say(f"what is written is in {part_of(output)}; --resume goes on from there", err=True)
            raise
    say(f"{output}: {count} messages" + (" more" if after else ""), err=True)


def _continue(stream: BinaryIO, file_format: FileFormat) -> int:
    """Cut off what is not whole at the end of a file, and begin it if there is nothing.

    Records without a `seq` are cut off too.

    Returns:
        The `seq` of its last message, or 0.
    """
    end, last = 0, 0
    file = RecordFile(stream, file_format)
    for found in file:
        if not isinstance(found, ReadRecord) or not found.raw.endswith(b"\n"):
            break
        if found.record.seq is None:  # beyond what files hold: it, and all behind it, come again
            break
        end, last = found.end, found.record.seq
    stream.seek(end)
    stream.truncate()
    if not end:
        stream.write(header_of(file_format))
    return last


async def _export(
    database: Database,
    query: MessageFilter,
    file_format: FileFormat,
    stream: BinaryIO,
    after: int,
) -> int:
    """Write what is stored now and comes behind a `seq`; return how many messages that is."""
    write, count = writer_of(file_format), 0
    async with database.store.reading() as store:
        last = await store.reader.last_seq()
        with progress("export", last) as shown:
            while after < last:
                run = await store.reader.read_log(
                    LogSelection(filter=query, after=after, limit=_AT_ONCE)
                )
                messages = [stored for stored in run.messages if stored.seq <= last]
                stream.write(b"".join(map(write, messages)))
                count += len(messages)
                after = run.through
                shown.show(min(after, last), last)
    return count
