"""Tables, drawn by rich: in colour and within the width on a terminal, plain elsewhere."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lyftr_http.cli.output import Column
from lyftr_http.cli.safe_text import escaped

__all__ = ["console", "print_drawn", "print_table"]

_UNBROKEN = 100_000
"""In columns: no table is as wide."""


def console(*, err: bool = False) -> Console:
    """Return a console that prints what it is given, and colours it for terminals alone.

    `NO_COLOR`, `TERM` and `COLUMNS` mean what they mean everywhere.
    """
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _UNBROKEN
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on standard output.

    Args:
        columns: From the left.
        rows: A cell for each column.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            justify="right" if column.is_number else "left",
            style=column.style,
            no_wrap=not column.is_flexible,
            overflow="fold" if column.is_flexible else "ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(escaped(cell)) for cell in row))
    print_drawn(console(), table)


def print_drawn(target: Console, table: Table) -> None:
    """Print a table that is complete, without blanks at the ends of its lines."""
    with target.capture() as captured:
        target.print(table)
    text = "\n".join(line.rstrip() for line in captured.get().splitlines())
    click.echo(text.encode(sys.stdout.encoding, "backslashreplace"))
