"""Tables, drawn by rich: in colour and within the width on a terminal, plain elsewhere."""

import sys
from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lyftr_cli.output.columns import Column
from lyftr_cli.output.safe_text import escaped

__all__ = ["GAP", "console", "fitting", "print_drawn", "print_table"]

GAP = 2
"""In columns of the terminal: what is free between two columns of a table."""
_LEAST = 16
"""In columns of the terminal: what a flexible column needs to be read."""
_UNBROKEN = 100_000
"""In columns: no table is as wide."""


def console(*, err: bool = False) -> Console:
    """Return a console that prints what it is given, and colours it for terminals alone.

    `NO_COLOR`, `TERM` and `COLUMNS` mean what they mean everywhere.
    """
    stream = sys.stderr if err else sys.stdout
    width = None if stream.isatty() else _UNBROKEN
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def fitting(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Return which columns to show, so that the flexible one keeps room to be read.

    Args:
        columns: From the left; where none is flexible, all are shown.
        widths: How wide each is.
        width: How wide the terminal is.
    """
    shown = list(range(len(columns)))
    leaving = sorted((c.leaves, i) for i, c in enumerate(columns) if c.leaves)
    for _turn, index in leaving:
        fixed = [widths[i] + GAP for i in shown if not columns[i].is_flexible]
        if width - sum(fixed) >= _LEAST:
            break
        shown.remove(index)
    return shown


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on standard output.

    Args:
        columns: From the left.
        rows: A cell for each column.
    """
    target = console()
    cells = [[Text(escaped(cell)) for cell in row] for row in rows]
    widths = [
        max(len(column.title), *(row[i].cell_len for row in cells), 0)
        for i, column in enumerate(columns)
    ]
    shown = fitting(columns, widths, target.width)
    folds_all = not any(column.is_flexible for column in columns)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in (columns[i] for i in shown):
        folds = column.is_flexible or folds_all
        table.add_column(
            column.title,
            justify="right" if column.is_number else "left",
            style=column.style,
            no_wrap=not folds,
            overflow="fold" if folds else "ellipsis",
        )
    for row in cells:
        table.add_row(*(row[i] for i in shown))
    print_drawn(target, table)


def print_drawn(target: Console, table: Table) -> None:
    """Print a table that is complete, without blanks at the ends of its lines."""
    with target.capture() as captured:
        target.print(table)
    text = "\n".join(line.rstrip() for line in captured.get().splitlines())
    click.echo(text.encode(sys.stdout.encoding, "backslashreplace"))
