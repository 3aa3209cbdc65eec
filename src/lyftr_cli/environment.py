"""The settings and the database that the environment configures."""

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from lyftr_runtime.databases import SqlDatabase, choose_database
from lyftr_runtime.settings import VARIABLES, InvalidSettings, Settings, load_settings

__all__ = ["database_for", "no_collection", "settings_from_environment"]

DOTENV = Path(".env")
_STDOUT = Path("/dev/fd/1")


def settings_from_environment(
    options: Mapping[str, tuple[str, str | None]] | None = None, *, check_secrets: bool = True
) -> Settings:
    """Read the environment and `.env`.

    Args:
        options: By the variable that it stands for, the name of an option as it is typed, and its
            value or `None`. It wins over both.
        check_secrets: Whether to refuse secrets that the scheme does not take.

    Raises:
        InvalidSettings: A value is not taken.
        click.UsageError: That of an option is not; it names the option.
    """
    given = {
        variable: (option, text)
        for variable, (option, text) in (options or {}).items()
        if text is not None
    }
    if faults := [
        fault for variable, typed in given.items() for fault in _faults(variable, *typed)
    ]:
        raise click.UsageError("; ".join(faults))
    return load_settings(
        {**os.environ, **{variable: text for variable, (_, text) in given.items()}},
        DOTENV,
        check_secrets=check_secrets,
        names={variable: option for variable, (option, _) in given.items()},
    )


def _faults(variable: str, option: str, text: str) -> Iterator[str]:
    """Say what is wrong with the value of an option; unlike a variable, none may be empty."""
    if not text:
        yield f"{option} must not be empty"
        return
    try:
        VARIABLES[variable][1](text)
    except ValueError as exc:
        yield f"{option} {exc}"


@contextmanager
def no_collection() -> Iterator[None]:
    """Import within: what imports make is no garbage, and is never looked at again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def database_for(settings: Settings, variable: str = "DATABASE_URL") -> SqlDatabase:
    """Return the database that is configured; nothing is opened.

    After `>> lyftr.db`, what a command prints would be written into the database: refused too.

    Args:
        settings: What is configured.
        variable: What the URL comes from: a variable, or an option.

    Raises:
        InvalidSettings: The URL is not one that is taken.
        click.UsageError: Neither is that of the option.
        click.ClickException: Standard output is a file of the database.
    """
    try:
        with no_collection():
            database = choose_database(settings)
    except InvalidSettings:
        raise
    except ValueError as exc:
        kind = click.UsageError if variable.startswith("--") else InvalidSettings
        raise kind(f"{variable} {exc}") from None
    if database.owns(_STDOUT):
        raise click.ClickException(
            f"standard output is the database {database.store.name} or one of its files;"
            " choose another file"
        )
    return database
