"""`lyftr migrate`: bring the database to the schema of this version."""

import click

from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.cli.output import say

__all__ = ["migrate"]


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version.

    `lyftr serve` does the same at its start with a SQLite file, which is made if need be; its
    folder must exist. In PostgreSQL it makes the tables of an empty database, and does not start
    with an old schema: this command is to be run first, once, while servers run or not.
    """
    container = container_for(settings_from_environment())
    done = container.database().migrate()
    name = container.store().name
    if done.before == done.after and not done.remarks:
        say(f"{name}: schema {done.after}, nothing to do")
    elif done.before != done.after:
        say(f"{name}: schema {done.before or 'none'} -> {done.after}")
    for remark in done.remarks:
        say(f"{name}: {remark}")
