"""`lyftr backup` and `lyftr restore`: copy a database to a file, and put such a copy in place."""

from datetime import UTC, datetime
from pathlib import Path

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.output.output import say
from lyftr_cli.output.progress import progress
from lyftr_cli.transfer.output_files import OUTPUT_FILE, file_only
from lyftr_cli.transfer.part_file import part_file, part_of

__all__ = ["backup", "restore"]


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put the backup FILE in the place of the database.

    No server may run, and none is started by this. FILE is copied and checked first, and brought
    to the schema of this version. The database that was there is kept beside, under a name that
    tells the time. Cut off anywhere, even killed, the old database or the new one is in place.
    """
    database = database_for(settings_from_environment())
    with progress("restore", unit="pages") as shown:
        done = database.restore(file, now=datetime.now(UTC), progress=shown.show)
    say(f"{database.store.name}: restored from {file}")
    if done.kept:
        say(f"what was there before: {done.kept}")


@click.command()
@click.argument("file", type=OUTPUT_FILE, callback=file_only)
@click.option("--check", "checked", is_flag=True, help="Check the copy, as lyftr check does.")
@click.option("--force", is_flag=True, help="Replace FILE if it is a regular file.")
def backup(file: Path, *, checked: bool, force: bool) -> None:
    """Copy the database to FILE, as of one moment.

    A server may run: every message that was acknowledged before is in the copy. FILE is there only
    when it is whole and on the disk. lyftr restore is the way back.
    """
    database = database_for(settings_from_environment())
    with part_file(file, database, force=force), progress("backup", unit="pages") as shown:
        database.back_up(part_of(file), checked=checked, progress=shown.show)
    say(f"{file}: {file.stat().st_size} bytes")
