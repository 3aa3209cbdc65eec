"""`lyftr rebuild`: make the counts and indexes anew."""

import click

from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.cli.output import say
from lyftr_http.cli.progress import progress

__all__ = ["rebuild"]


@click.command()
def rebuild() -> None:
    """Make the counts and indexes of the database anew from its messages.

    No message is touched. A server may run: its answers stay exact, but slow until this is done.
    """
    container = container_for(settings_from_environment())
    container.database().migrate()  # what stops the work shows here, before the progress bar does
    with progress("rebuild") as shown:
        last = container.database().rebuild(shown.show)
    say(f"{container.store().name}: rebuilt up to seq {last}")
