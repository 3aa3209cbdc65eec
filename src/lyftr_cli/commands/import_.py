"""`lyftr import`: take messages from a file into the database."""

import os
import signal
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.output.output import say
from lyftr_cli.output.progress import progress
from lyftr_cli.transfer.output_files import OUTPUT_FILE, file_only
from lyftr_cli.transfer.record_files import (
    FileFormat,
    ReadRecord,
    RecordFile,
    WrongRecord,
    format_option,
)
from lyftr_cli.transfer.refusals import InvalidRecord, Refusals
from lyftr_core import AddOutcome
from lyftr_core.database import Importer
from lyftr_core.errors import DataRefused

__all__ = ["finishing", "import_"]


@contextmanager
def finishing() -> Iterator[None]:
    """Let what is done within come to its end, and only then raise `KeyboardInterrupt`."""
    interrupted = False

    def note(*_signal: object) -> None:
        nonlocal interrupted
        interrupted = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted:
        raise KeyboardInterrupt


_EXAMPLES = """
\b
Examples:
  lyftr import messages.jsonl
  lyftr import --skip-invalid refused.csv messages.csv
  zcat messages.jsonl.gz | lyftr import -
"""
_AT_ONCE = 1_000
"""How many messages are committed together; webhooks wait meanwhile."""
_WORDS = {
    AddOutcome.CREATED: "new",
    AddOutcome.DUPLICATE: "there already",
    AddOutcome.CONFLICT: "conflicts",
}


@click.command("import", epilog=_EXAMPLES)
@click.argument("file", type=click.File("rb"))
@format_option
@click.option(
    "--skip-invalid",
    "refused",
    metavar="REFUSED",
    type=OUTPUT_FILE,
    callback=file_only,
    is_eager=True,  # refused before FILE is opened
    help="Go on past what breaks a rule; write it to the new file REFUSED.",
)
def import_(file: BinaryIO, *, file_format: FileFormat | None, refused: Path | None) -> None:
    """Store the messages of FILE, as lyftr export writes it; - is standard input.

    Every rule of a webhook holds, each message_id is stored once, and conflicts are recorded. To
    run it again is safe: what is there already is left as it is. received_at is kept; without it,
    it is now. seq is kept up to 2^52 where it is above every seq of the database; else the message
    gets the next one. A server may run.

    It stops at the first record that breaks a rule. Ctrl-C ends it after a commit, and it says
    how far it came; what is committed stays.
    """
    chosen = FileFormat(file_format) if file_format else FileFormat.of(Path(file.name))
    database = database_for(settings_from_environment())
    counts: Counter[AddOutcome] = Counter()
    size = _size_of(file)
    try:
        with ExitStack() as stack:
            refusals = stack.enter_context(Refusals(refused, database))
            importer = stack.enter_context(database.open_importer())
            shown = stack.enter_context(progress("import", size, unit="bytes"))
            records = RecordFile(file, chosen)
            for batch in _batches(records, refusals):
                with finishing():
                    for wrong in _add(batch, importer, counts):
                        _refuse(wrong, refusals, records.header)
                    shown.show(batch[-1].end, size)
            with finishing():
                importer.finish()
    except KeyboardInterrupt:
        say(f"interrupted: {_told(counts)}; run it again to go on", err=True)
        raise
    except InvalidRecord as exc:
        msg = f"{file.name}, {exc}; before it: {_told(counts)}"
        raise click.ClickException(msg) from None
    say(f"{database.store.name}: {_told(counts)}{refusals.told}")


def _batches(records: RecordFile, refusals: Refusals) -> Iterator[list[ReadRecord]]:
    """Yield the records that are right, in batches; those too that come before a wrong one.

    Raises:
        InvalidRecord: A record breaks a rule, and is not to be skipped.
    """
    batch: list[ReadRecord] = []
    for found in records:
        if isinstance(found, ReadRecord):
            batch.append(found)
        else:
            if batch and not refusals.skips:
                yield batch
            _refuse(found, refusals, records.header)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _add(
    batch: list[ReadRecord], importer: Importer, counts: Counter[AddOutcome]
) -> Iterator[WrongRecord]:
    """Store a batch, in parts where the database does not take one of the records; yield those."""
    records = [found.record for found in batch]
    try:
        counts.update(importer.add(records, received_at=datetime.now(UTC)))
    except DataRefused as exc:
        if len(batch) == 1:
            yield WrongRecord(batch[0].line, batch[0].raw, exc)
            return
        middle = len(batch) // 2
        yield from _add(batch[:middle], importer, counts)
        yield from _add(batch[middle:], importer, counts)


def _refuse(wrong: WrongRecord, refusals: Refusals, header: bytes) -> None:
    """Keep a record for later.

    Raises:
        InvalidRecord: None is to be skipped.
    """
    if not refusals.skips:
        raise InvalidRecord(wrong)
    refusals.keep(wrong, header)


def _size_of(file: BinaryIO) -> int | None:
    """Return how many bytes a file has, if it is one that knows."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _told(counts: Counter[AddOutcome]) -> str:
    return ", ".join(f"{counts[outcome]} {words}" for outcome, words in _WORDS.items())
