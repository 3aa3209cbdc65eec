"""`lyftr restore`: put a backup in the place of the database."""

from datetime import UTC, datetime
from pathlib import Path

import click

from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.cli.output import say
from lyftr_http.cli.progress import progress

__all__ = ["restore"]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put the backup FILE in the place of the database.

    No server may run, and none is started by this. FILE is copied and checked first, and brought
    to the schema of this version. The database that was there is kept beside, under a name that
    tells the time. Cut off anywhere, even killed, the old database or the new one is in place.
    """
    container = container_for(settings_from_environment())
    with progress("restore", unit="pages") as shown:
        done = container.database().restore(file, now=datetime.now(UTC), progress=shown.show)
    say(f"{container.store().name}: restored from {file}")
    if done.kept:
        say(f"what was there before: {done.kept}")
