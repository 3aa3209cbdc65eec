"""The options that stand in place of the variables with secrets, for commands that try them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from lyftr_http.cli.environment import settings_from_environment
from lyftr_http.settings import InvalidSettings, Settings, WebhookScheme

__all__ = ["secret_options", "settings_with_secrets", "signing_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_VISIBLE = "other users of this machine may see it; the variable is better"
_VARIABLES = {
    "secret": "WEBHOOK_SECRET",
    "previous": "WEBHOOK_SECRET_PREVIOUS",
    "scheme": "WEBHOOK_SCHEME",
}
_SECRET = click.option("--secret", metavar="TEXT", help=f"In place of WEBHOOK_SECRET; {_VISIBLE}.")
_PREVIOUS = click.option(
    "--previous", metavar="TEXT", help="In place of WEBHOOK_SECRET_PREVIOUS, likewise."
)
_SCHEME = click.option(
    "--scheme",
    type=click.Choice([scheme.value for scheme in WebhookScheme]),
    help="In place of WEBHOOK_SCHEME.",
)


def secret_options(command: _Command) -> _Command:
    """Add `--secret`, `--previous` and `--scheme` to a command; it gets them as keywords."""
    return _with_options(command, _SECRET, _PREVIOUS, _SCHEME)


def signing_options(command: _Command) -> _Command:
    """Add `--secret` and `--scheme` to a command that only signs; it gets them as keywords."""
    return _with_options(command, _SECRET, _SCHEME)


def _with_options(command: _Command, *options: Callable[[_Command], _Command]) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command


def settings_with_secrets(
    options: Mapping[str, str | None], *, purpose: str, check_secrets: bool = True
) -> Settings:
    """Read the settings, the options in place of their variables.

    Args:
        options: What came of `secret_options` or `signing_options`.
        purpose: What the secret is needed for, as in `to sign with`.
        check_secrets: Whether to refuse secrets that the scheme does not take.

    Raises:
        click.UsageError: A value is not taken, or there is no secret.
    """
    given = {_VARIABLES[name]: (f"--{name}", text) for name, text in options.items()}
    try:
        settings = settings_from_environment(given, check_secrets=check_secrets)
    except InvalidSettings as exc:
        raise click.UsageError(str(exc)) from None
    if settings.webhook_secret is None:
        raise click.UsageError(f"WEBHOOK_SECRET must be set, or --secret given, {purpose}")
    return settings
