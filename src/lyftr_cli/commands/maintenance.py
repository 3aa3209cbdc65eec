"""`lyftr migrate`, `lyftr rebuild` and `lyftr check`: the schema and integrity of a database."""

import sys

import click

from lyftr_cli.environment import database_for, settings_from_environment
from lyftr_cli.output.output import say
from lyftr_cli.output.progress import progress

__all__ = ["check", "migrate", "rebuild"]


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version.

    `lyftr serve` does the same at its start with a SQLite file, which is made if need be; its
    folder must exist. In PostgreSQL it makes the tables of an empty database, and does not start
    with an old schema: this command is to be run first, once, while servers run or not.
    """
    database = database_for(settings_from_environment())
    done = database.migrate()
    name = database.store.name
    if done.before == done.after and not done.remarks:
        say(f"{name}: schema {done.after}, nothing to do")
    elif done.before != done.after:
        say(f"{name}: schema {done.before or 'none'} -> {done.after}")
    for remark in done.remarks:
        say(f"{name}: {remark}")


@click.command()
def rebuild() -> None:
    """Make the counts and indexes of the database anew from its messages.

    No message is touched. A server may run: its answers stay exact, but slow until this is done.
    """
    database = database_for(settings_from_environment())
    database.migrate()  # what stops the work shows here, before the progress bar does
    with progress("rebuild") as shown:
        last = database.rebuild(shown.show)
    say(f"{database.store.name}: rebuilt up to seq {last}")


@click.command()
def check() -> None:
    """Check the database, and say what is wrong with it.

    It looks at the file (of SQLite), at every message, and at the counts and indexes that follow
    them, and changes nothing. A server may run. The exit status is 1 if anything is wrong.
    """
    database = database_for(settings_from_environment())
    wrong = False
    for finding in database.check():
        say(f"{finding.subject}: {'; '.join(finding.faults[:_SHOWN]) or 'ok'}")
        if len(finding.faults) > _SHOWN:
            say(f"{finding.subject}: and {len(finding.faults) - _SHOWN} more")
        wrong = wrong or bool(finding.faults)
    sys.exit(1 if wrong else 0)


_SHOWN = 5
"""How many faults of one subject are shown."""
