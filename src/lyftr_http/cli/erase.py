"""`lyftr erase`: remove all messages from and to a phone number."""

import click

from lyftr_core import InvalidQuery, Removal
from lyftr_http.cli.removal import asking_options, remove
from lyftr_http.cli.text_type import TEXT

__all__ = ["erase"]

_EXAMPLES = """
\b
Examples:
  lyftr erase --number +919876543210 --dry-run
  lyftr erase --number +919876543210
"""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--number", type=TEXT, metavar="+…", required=True, help="As a sender and as a recipient."
)
@asking_options
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
    remove("erase", removal, dry_run=dry_run, yes=yes)
