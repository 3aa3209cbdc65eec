"""What `lyftr purge` and `lyftr erase` share: count, ask, remove, clear away."""

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lyftr_core import Removal, StorageUnavailable
from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.cli.output import say
from lyftr_http.cli.progress import Progress, progress

if TYPE_CHECKING:
    from lyftr_http.container import Container

__all__ = ["asking_options", "remove"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def asking_options(command: _Command) -> _Command:
    """Add `--dry-run` and `--yes` to a command."""
    for add in (
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--dry-run", is_flag=True, help="Only count what would go."),
    ):
        command = add(command)
    return command


def remove(label: str, removal: Removal, *, dry_run: bool, yes: bool) -> None:
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
    count = asyncio.run(_count(container_for(settings), removal))
    if dry_run:
        say(f"{_messages(count)} would be removed")
        return
    if not yes:
        _ask(count)
    container = container_for(settings)  # the other one's event loop is gone
    with progress(label) as shown:
        removed = asyncio.run(_remove(container, removal, shown))
    name = container.store().name
    if container.database().clears_all:
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


async def _count(container: "Container", removal: Removal) -> int:
    async with container.store().reading():
        return await container.remove_messages().count(removal)


async def _remove(container: "Container", removal: Removal, shown: Progress) -> int:
    remove_messages = container.remove_messages()
    async with container.store():
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
