"""`lyftr backup`: copy the database while a server runs."""

from pathlib import Path

import click

from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.cli.part_file import part_file, part_of
from lyftr_http.cli.progress import progress

__all__ = ["backup"]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", "checked", is_flag=True, help="Check the copy, as lyftr check does.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def backup(file: Path, *, checked: bool, force: bool) -> None:
    """Copy the database to FILE, as of one moment.

    A server may run: every message that was acknowledged before is in the copy. FILE is there only
    when it is whole and on the disk. lyftr restore is the way back.
    """
    container = container_for(settings_from_environment())
    with part_file(file, force=force), progress("backup", unit="pages") as shown:
        container.database().back_up(part_of(file), checked=checked, progress=shown.show)
    click.echo(f"{file}: {file.stat().st_size} bytes")
