"""`lyftr purge`: remove messages by their age."""

import re
from datetime import UTC, datetime, timedelta

import click

from lyftr_core import InvalidTimestamp, Removal, parse_timestamp
from lyftr_http.cli.removal import asking_options, remove

__all__ = ["purge"]

_EXAMPLES = """
\b
Examples:
  lyftr purge --older-than 90d --dry-run
  lyftr purge --older-than 2026-01-01T00:00:00Z --yes
"""
_AGE = re.compile(r"([0-9]{1,5})([dh])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


@click.command(epilog=_EXAMPLES)
@click.option(
    "--older-than",
    metavar="AGE",
    required=True,
    callback=lambda _context, _parameter, text: _moment(text, datetime.now(UTC)),
    help="Days or hours, as in 90d or 12h, or a time, as in 2026-01-01T00:00:00Z.",
)
@asking_options
def purge(*, older_than: datetime, dry_run: bool, yes: bool) -> None:
    """Remove the content of old messages for good.

    What counts is when lyftr received them. Of each its identifier and a short hash stay, so that
    a late redelivery is no new message. A server may run: it goes on taking webhooks. Interrupted,
    it is finished by another run.
    """
    remove("purge", Removal(received_before=older_than), dry_run=dry_run, yes=yes)


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
