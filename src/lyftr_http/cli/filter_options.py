"""The options that say which messages: those of `GET /messages`, with times for people too."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from lyftr_core import InvalidQuery, InvalidTimestamp, MessageFilter, parse_timestamp
from lyftr_http.cli.text_type import TEXT

__all__ = ["filter_options", "message_filter", "parse_moment"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_OPTIONS = (
    click.option("--from", type=TEXT, metavar="NUMBER", help="Only from this number."),
    click.option("--to", type=TEXT, metavar="NUMBER", help="Only to this number."),
    click.option(
        "--since",
        metavar="TIME",
        help="Only with a ts from then on: 2026-01-15T09:28:35Z, or 2h ago, or 30m, or 7d.",
    ),
    click.option("--until", metavar="TIME", help="Only with a ts before then, likewise."),
)


def filter_options(command: _Command) -> _Command:
    """Add `--from`, `--to`, `--since` and `--until`; the command gets them as keywords."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def message_filter(
    options: Mapping[str, str | None], *, q: str | None = None, q_name: str = "TEXT"
) -> MessageFilter:
    """Return which messages the options ask for.

    Args:
        options: What came of `filter_options`.
        q: What the text must hold.
        q_name: What the error calls it.

    Raises:
        click.UsageError: An option breaks a rule; it names every one.
    """
    since, until = (
        None if (text := options[name]) is None else parse_moment(text, f"--{name}")
        for name in ("since", "until")
    )
    try:
        return MessageFilter(
            sender=options["from"], recipient=options["to"], since=since, until=until, q=q
        )
    except InvalidQuery as exc:
        places = (q_name if f.field == "q" else f"--{f.field}" for f in exc.faults)
        words = (f"{place} {f.msg}" for place, f in zip(places, exc.faults, strict=True))
        raise click.UsageError("; ".join(words)) from None


def parse_moment(text: str, option: str) -> datetime:
    """Read a timestamp, or how long ago.

    Args:
        text: As in `2026-01-15T09:28:35Z`, or digits and one of `s`, `m`, `h`, `d`, `w`.
        option: What the error names.

    Raises:
        click.UsageError: It is neither, or before the year 1.
    """
    try:
        if found := _AGO.fullmatch(text):
            return datetime.now(UTC) - int(found[1]) * _UNITS[found[2]]
        return parse_timestamp(text)
    except (InvalidTimestamp, OverflowError):
        raise click.UsageError(
            f"{option} must be as in 2026-01-15T09:28:35Z, or how long ago, as in 30m, 2h or 7d"
        ) from None
