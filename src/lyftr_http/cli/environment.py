"""The container as the environment configures it."""

import os
from collections.abc import Mapping
from pathlib import Path

from lyftr_http.container import Container
from lyftr_http.settings import InvalidSettings, Settings, load_settings

__all__ = ["container_for", "settings_from_environment"]

DOTENV = Path(".env")


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


def container_for(settings: Settings) -> Container:
    """Wire everything, and see that the database URL is one that is taken.

    Raises:
        InvalidSettings: It is not.
    """
    container = Container(settings=settings)
    try:
        container.store()
    except ValueError as exc:
        raise InvalidSettings(f"DATABASE_URL {exc}") from None
    return container
