"""What commands print: tables and colours for people at a terminal, JSON lines for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
import msgspec

from lyftr_cli.output.columns import Column
from lyftr_cli.output.safe_text import escaped, escaped_json
from lyftr_core import StoredMessage, format_timestamp
from lyftr_core.wire import MessageItem

__all__ = ["Output", "json_line", "output_option", "printer_of_messages", "say"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=format_timestamp
).encode


class Output:
    """Standard output, for people or for programs.

    Nothing that a message holds reaches a terminal as a control character, neither way.

    Args:
        as_json: Whether it is for programs; `None` asks whether it is no terminal.
    """

    def __init__(self, *, as_json: bool | None = None) -> None:
        self.is_for_people: bool = sys.stdout.isatty() if as_json is None else not as_json

    def say(self, line: str) -> None:
        """Print a line."""
        say(line)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
        """Print a table, or its titles alone where there are no rows.

        On a terminal it fits into the width; elsewhere nothing is broken or cut.
        """
        # Here, as few commands need it and rich takes its time to load.
        from lyftr_cli.output.tables import print_table  # noqa: PLC0415 - as the comment says

        print_table(columns, rows)

    def records(self, records: Iterable[object]) -> None:
        """Print one JSON object a line, each at once.

        Args:
            records: What msgspec can encode. Moments are written as everywhere in lyftr.
        """
        for record in records:
            click.echo(json_line(record))


def say(line: str, *, err: bool = False) -> None:
    """Print a line, on standard error if so asked, with nothing that disturbs a terminal."""
    stream = sys.stderr if err else sys.stdout
    click.echo(escaped(line).encode(stream.encoding, "backslashreplace"), err=err)


def json_line(record: object) -> bytes:
    """Return a value as JSON in UTF-8, on one line, without the line end.

    What could disturb a terminal is escaped within the strings, so it reads as the same value.
    """
    return escaped_json(_encode(msgspec.to_builtins(record, builtin_types=(datetime,)))).encode()


def output_option(command: _Command) -> _Command:
    """Add `--json` and `--table` to a command; it gets an `Output` as the keyword `output`."""
    return click.option(
        "--json/--table",
        "output",
        default=None,
        callback=lambda _context, _parameter, as_json: Output(as_json=as_json),
        help="JSON lines, or a table.  [default: a table on a terminal]",
    )(command)


def printer_of_messages(
    output: Output, q: str | None = None
) -> Callable[[Sequence[StoredMessage]], None]:
    """Return what prints some more messages each time that it is called.

    Args:
        output: For whom.
        q: What is made to stand out in the texts, for people.
    """
    if output.is_for_people:
        from lyftr_cli.output.message_table import MessageTable  # noqa: PLC0415 - rich is slow to load

        return MessageTable(q).add
    return lambda messages: output.records(map(MessageItem.of, messages))
