"""Configuration: environment variables, and a `.env` file that the environment overrides."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, final

import msgspec
from dotenv import dotenv_values

__all__ = ["VARIABLES", "InvalidSettings", "Secret", "Settings", "load_settings"]

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FORMATS = ("json", "console")
_HIGHEST_PORT = 65_535


class InvalidSettings(ValueError):
    """Some variables have values that are not taken; the message names each and says what is."""


@final
class Secret:
    """A string that shows itself to nobody by accident."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value: Final = value

    @property
    def key(self) -> bytes:
        """The bytes of the variable, those too that are not UTF-8."""
        return self.value.encode(errors="surrogateescape")

    def __repr__(self) -> str:
        return "<secret>"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be configured.

    Attributes:
        webhook_secret: Verifies signatures; without it no webhook is taken (`WEBHOOK_SECRET`).
        database_url: `sqlite:///FILE` (`DATABASE_URL`).
        host: The address to listen on (`HOST`).
        port: The port to listen on, 0 for any free one (`PORT`).
        log_level: The lowest level that is written (`LOG_LEVEL`).
        log_format: `json`, or `console` for people (`LOG_FORMAT`).
    """

    webhook_secret: Secret | None = None
    database_url: str = "sqlite:///lyftr.db"
    host: str = "127.0.0.1"
    port: int = 8000
    log_level: str = "INFO"
    log_format: str = "json"


def load_settings(environ: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: The environment variables. An empty one is as if absent.
        dotenv: A file of further variables, for what `environ` does not set.

    Raises:
        InvalidSettings: Some values are not taken. The message names every one and repeats none.
    """
    file = _read_dotenv(dotenv)
    values: dict[str, object] = {}
    refusals = []
    for variable, (field, read) in VARIABLES.items():
        text = environ.get(variable) or file.get(variable)
        if text:
            try:
                values[field] = read(text)
            except ValueError as exc:
                refusals.append(f"{variable} {exc}")
    if refusals:
        raise InvalidSettings("; ".join(refusals))
    return msgspec.convert(values, Settings, dec_hook=lambda _type, value: value)


def _read_dotenv(path: Path | None) -> dict[str, str | None]:
    try:
        # No interpolation: a secret may hold `${`.
        return dict(dotenv_values(path, interpolate=False)) if path else {}
    except UnicodeDecodeError:
        raise InvalidSettings(f"{path} must be in UTF-8") from None


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > _HIGHEST_PORT:
        raise ValueError(f"must be a number from 0 to {_HIGHEST_PORT}")
    return int(text)


def _one_of(choices: tuple[str, ...], fold: Callable[[str], str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if fold(text) not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return fold(text)

    return read


VARIABLES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "WEBHOOK_SECRET": ("webhook_secret", Secret),
    "DATABASE_URL": ("database_url", str),
    "HOST": ("host", str),
    "PORT": ("port", _port),
    "LOG_LEVEL": ("log_level", _one_of(_LEVELS, str.upper)),
    "LOG_FORMAT": ("log_format", _one_of(_FORMATS, str.lower)),
}
