"""`lyftr purge` and `lyftr erase`: remove messages by their age, or by a phone number."""

import asyncio
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.options import TEXT
from lyftr_cli.output.output import say
from lyftr_cli.output.progress import ProgressCounter, progress
from lyftr_core import (
    InvalidQuery,
    InvalidTimestamp,
    Removal,
    RemoveMessages,
    StorageUnavailable,
    parse_timestamp,
)
from lyftr_core.database import Database

__all__ = ["erase", "purge"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _asking_options(command: _Command) -> _Command:
    """Add `--dry-run` and `--yes` to a command."""
    for add in (
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Only count what would go."),
    ):
        command = add(command)
    return command


def _remove_asked(label: str, removal: Removal, *, dry_run: bool, yes: bool) -> None:
    """Remove messages for good, once somebody has agreed to how many.

    Args:
        label: What is done, in a word.
        removal: Which messages.
        dry_run: Whether to count them alone.
        yes: Whether somebody has agreed before.

    Raises:
        click.UsageError: Nobody has agreed, and nobody can be asked.
        StorageUnavailable: The database cannot be read or written.
    """
    settings = settings_from_environment()
    count = asyncio.run(_count(database_for(settings), removal))
    if dry_run:
        say(f"{_messages(count)} would be removed")
        return
    if not yes:
        _ask(count)
    database = database_for(settings)  # the other one's event loop is gone
    with progress(label) as shown:
        removed = asyncio.run(_remove(database, removal, shown))
    name = database.store.name
    if database.clears_all:
        say(f"{_messages(removed)} removed; nothing of their texts is left in {name}")
        say(
            "unused bytes of its lists may still hold numbers; lyftr rebuild clears these", err=True
        )
    else:
        say(f"{_messages(removed)} removed from {name}")
        say("its write-ahead log, and free space not used again yet, may still have them", err=True)
    say("backups, exports, replicas and whoever read them may still have them", err=True)


def _ask(count: int) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("--yes must be given where nobody can be asked")
    click.confirm(f"Remove {_messages(count)} for good?", abort=True, err=True)


async def _count(database: Database, removal: Removal) -> int:
    async with database.store.reading():
        return await RemoveMessages(database.store.remover).count(removal)


async def _remove(database: Database, removal: Removal, shown: ProgressCounter) -> int:
    remove_messages = RemoveMessages(database.store.remover)
    async with database.store:
        removed = await remove_messages(removal, lambda step: shown.show(step.through, step.last))
        shown.say("clearing the search index and the write-ahead log")
        if not await remove_messages.scrub():
            raise StorageUnavailable(
                f"{_messages(removed)} removed, but others read the database all the time, and its"
                " write-ahead log may still hold them; run this again"
            )
    return removed


def _messages(count: int) -> str:
    return f"{count} message" if count == 1 else f"{count} messages"


_EXAMPLES_OF_PURGE = """
\b
Examples:
  lyftr purge --older-than 90d --dry-run
  lyftr purge --older-than 2026-01-01T00:00:00Z --yes
"""
_AGE = re.compile(r"([0-9]{1,5})([dh])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


@click.command(epilog=_EXAMPLES_OF_PURGE)
@click.option(
    "--older-than",
    metavar="AGE",
    required=True,
    callback=lambda _context, _parameter, text: _moment(text, datetime.now(UTC)),
    help="Days or hours, as in 90d or 12h, or a time, as in 2026-01-01T00:00:00Z.",
)
@_asking_options
def purge(*, older_than: datetime, dry_run: bool, yes: bool) -> None:
    """Remove the content of old messages for good.

    What counts is when lyftr received them. Of each its identifier and a short hash stay, so that
    a late redelivery is no new message. A server may run: it goes on taking webhooks. Interrupted,
    it is finished by another run.
    """
    _remove_asked("purge", Removal(received_before=older_than), dry_run=dry_run, yes=yes)


def _moment(text: str, now: datetime) -> datetime:
    """Read an age, or a time.

    Raises:
        click.BadParameter: It is neither.
    """
    if age := _AGE.fullmatch(text):
        return now - int(age[1]) * _UNITS[age[2]]
    try:
        return parse_timestamp(text)
    except InvalidTimestamp:
        raise click.BadParameter(
            "must be days or hours, as in 90d or 12h, or a time, as in 2026-01-01T00:00:00Z"
        ) from None


_EXAMPLES_OF_ERASE = """
\b
Examples:
  lyftr erase --number +919876543210 --dry-run
  lyftr erase --number +919876543210
"""


@click.command(epilog=_EXAMPLES_OF_ERASE)
@click.option(
    "--number", type=TEXT, metavar="+…", required=True, help="As a sender and as a recipient."
)
@_asking_options
def erase(*, number: str, dry_run: bool, yes: bool) -> None:
    """Remove the content of all messages from and to a phone number for good.

    Of each its identifier and a short hash stay, so that a late redelivery is no new message; a
    new message from or to the number is stored again. Texts of others that name the number stay.
    A server may run: it goes on taking webhooks. Interrupted, it is finished by another run.
    """
    try:
        removal = Removal(number=number)
    except InvalidQuery as exc:
        raise click.UsageError(f"--{exc}") from None
    _remove_asked("erase", removal, dry_run=dry_run, yes=yes)
