"""`lyftr check`: see whether a database is what it should be."""

import sys

import click

from lyftr_http.cli.environment import container_for, settings_from_environment
from lyftr_http.cli.output import say

__all__ = ["check"]


@click.command()
def check() -> None:
    """Check the database, and say what is wrong with it.

    It looks at the file (of SQLite), at every message, and at the counts and indexes that follow
    them, and changes nothing. A server may run. The exit status is 1 if anything is wrong.
    """
    container = container_for(settings_from_environment())
    wrong = False
    for finding in container.database().check():
        say(f"{finding.subject}: {'; '.join(finding.faults[:_SHOWN]) or 'ok'}")
        if len(finding.faults) > _SHOWN:
            say(f"{finding.subject}: and {len(finding.faults) - _SHOWN} more")
        wrong = wrong or bool(finding.faults)
    sys.exit(1 if wrong else 0)


_SHOWN = 5
"""How many faults of one subject are shown."""
