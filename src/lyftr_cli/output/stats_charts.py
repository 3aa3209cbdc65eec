"""Statistics for people: figures, and bars as long as what they count."""

import sys
from collections.abc import Sequence
from datetime import datetime

import click
from rich.table import Table

from lyftr_cli.output.tables import console, print_drawn
from lyftr_core import Stats, format_timestamp

__all__ = ["print_stats"]

_LONGEST_BAR = 40
_BESIDE = 40
"""In columns: room for what stands beside a bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


def print_stats(stats: Stats) -> None:
    """Print statistics on standard output."""
    _print_table(
        ("", ""),
        [
            ("messages", f"{stats.total_messages:,}"),
            ("senders", f"{stats.senders_count:,}"),
            ("first ts", _optional(stats.first_message_ts)),
            ("last ts", _optional(stats.last_message_ts)),
        ],
    )
    if stats.total_messages:
        senders = [(s.sender, s.count) for s in stats.messages_per_sender]
        hours = [(f"{h.hour:%Y-%m-%d %H:00}", h.count) for h in stats.messages_per_hour]
        _print_chart("BUSIEST SENDERS", senders)
        _print_chart("HOUR (UTC)", hours)


def _print_chart(title: str, counts: Sequence[tuple[str, int]]) -> None:
    click.echo()
    longest = max(min(console().width - _BESIDE, _LONGEST_BAR), 1)
    most = max(count for _, count in counts) or 1
    _print_table(
        (title, "MESSAGES", ""),
        [(name, f"{count:,}", _bar(count / most * longest)) for name, count in counts],
    )


def _print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        show_header=any(titles),
    )
    # Where it is too narrow, names and moments are broken into lines; numbers are not.
    is_chart = any(titles)
    table.add_column(titles[0], style="green", no_wrap=not is_chart, overflow="fold")
    table.add_column(
        titles[1], justify="right" if is_chart else "left", no_wrap=is_chart, overflow="fold"
    )
    if is_chart:
        table.add_column(style="cyan", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    print_drawn(console(), table)


def _bar(length: float) -> str:
    """Return a bar, to the eighth of a column where the terminal can show that."""
    if "utf" not in sys.stdout.encoding.lower():
        return "#" * round(length)
    whole, eighths = divmod(round(length * len(_EIGHTHS)), len(_EIGHTHS))
    return "█" * whole + _EIGHTHS[eighths].strip()


def _optional(moment: datetime | None) -> str:
    return "none" if moment is None else format_timestamp(moment)
