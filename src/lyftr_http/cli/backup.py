"""`lyftr backup`: copy the database while a server runs."""

from pathlib import Path

import click

from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.cli.output import say
from lyftr_http.cli.output_files import OUTPUT_FILE, file_only
from lyftr_http.cli.part_file import part_file, part_of
from lyftr_http.cli.progress import progress

__all__ = ["backup"]


@click.command()
@click.argument("file", type=OUTPUT_FILE, callback=file_only)
@click.option("--check", "checked", is_flag=True, help="Check the copy, as lyftr check does.")
@click.option("--force", is_flag=True, help="Replace FILE if it is a regular file.")
def backup(file: Path, *, checked: bool, force: bool) -> None:
    """Copy the database to FILE, as of one moment.

    A server may run: every message that was acknowledged before is in the copy. FILE is there only
    when it is whole and on the disk. lyftr restore is the way back.
    """
    database = container_for(settings_from_environment()).database()
    with part_file(file, database, force=force), progress("backup", unit="pages") as shown:
        database.back_up(part_of(file), checked=checked, progress=shown.show)
    say(f"{file}: {file.stat().st_size} bytes")
