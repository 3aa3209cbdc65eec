"""The container as the environment configures it."""

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lyftr_http.settings import InvalidSettings, Settings, load_settings

if TYPE_CHECKING:
    from lyftr_http.container import Container

__all__ = ["container_for", "no_collection", "settings_from_environment"]

DOTENV = Path(".env")
_STDOUT = Path("/dev/fd/1")


def settings_from_environment(
    overrides: Mapping[str, str] | None = None, *, check_secrets: bool = True
) -> Settings:
    """Read the environment and `.env`.

    Args:
        overrides: Variables that win over both, as options of a command do.
        check_secrets: Whether to refuse secrets that the scheme does not take.

    Raises:
        InvalidSettings: A value is not taken.
    """
    return load_settings({**os.environ, **(overrides or {})}, DOTENV, check_secrets=check_secrets)


@contextmanager
def no_collection() -> Iterator[None]:
    """Import within: what imports make is no garbage, and is never looked at again."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def container_for(settings: Settings, variable: str = "DATABASE_URL") -> "Container":
    """Wire everything, and see that the database URL is one that is taken.

    After `>> lyftr.db`, what a command prints would be written into the database: refused too.

    Args:
        settings: What is configured.
        variable: What the URL comes from.

    Raises:
        InvalidSettings: It is not.
        click.ClickException: Standard output is a file of the database.
    """
    # Here, as it brings the framework and the database's driver: half a second that neither the
    # help nor the Tab key should take.
    with no_collection():
        from lyftr_http.container import Container  # noqa: PLC0415 - half a second to load

    container = Container(settings=settings)
    try:
        container.store()
    except InvalidSettings:
        raise
    except ValueError as exc:
        raise InvalidSettings(f"{variable} {exc}") from None
    if container.database().owns(_STDOUT):
        raise click.ClickException(
            f"standard output is the database {container.store().name} or one of its files;"
            " choose another file"
        )
    return container
