"""`lyftr migrate`: bring the database to the schema of this version."""

import click

from lyftr_http.cli.environment import container_for, settings_from_environment

__all__ = ["migrate"]


@click.command()
def migrate() -> None:
    """Bring the database to the schema of this version.

    `lyftr serve` does the same at its start. A new database is made; its folder must exist.
    """
    container = container_for(settings_from_environment())
    done = container.migrate()
    name = container.store().name
    if done.before == done.after:
        click.echo(f"{name}: schema {done.after}, nothing to do")
    else:
        click.echo(f"{name}: schema {done.before or 'none'} -> {done.after}")
