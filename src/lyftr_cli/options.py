"""The options that several commands share, and their types: filters, secrets, time limits."""

import math
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from lyftr_cli.environment import settings_from_environment
from lyftr_core import InvalidQuery, InvalidTimestamp, MessageFilter, parse_timestamp
from lyftr_runtime.settings import InvalidSettings, Settings, WebhookScheme

__all__ = [
    "TEXT",
    "FiniteRange",
    "filter_options",
    "message_filter",
    "parse_moment",
    "secret_options",
    "settings_with_secrets",
    "signing_options",
    "timeout_option",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])


class FiniteRange(click.FloatRange):
    """A range that does not take `nan`, as click's does: no comparison with it is true."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number.

        Raises:
            click.BadParameter: It is none, or outside the range.
        """
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


class _Text(click.types.StringParamType):
    """Text as the terminal sent it.

    Python reads arguments by the locale, and beyond ASCII in that of `POSIX` not at all. Names of
    files and URLs of databases stay as they are, since Python writes them back by the same rule.
    """

    def convert(
        self,
        value: Any,  # noqa: ANN401 - as click has it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the text."""
        try:
            return os.fsencode(value).decode()
        except UnicodeError:
            return str(super().convert(value, param, ctx))


TEXT = _Text()
"""The type of such an argument."""


def timeout_option(command: _Command) -> _Command:
    """Add `--timeout`, in seconds: how long the receiver may take."""
    return click.option(
        "--timeout",
        type=FiniteRange(0.1, 600),
        default=10.0,
        metavar="SECONDS",
        help="How long an answer may take.  [default: 10]",
    )(command)


_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_OPTIONS = (
    click.option("--from", type=TEXT, metavar="NUMBER", help="Only from this number."),
    click.option("--to", type=TEXT, metavar="NUMBER", help="Only to this number."),
    click.option(
        "--since",
        metavar="TIME",
        help="Only with a ts from then on: 2026-01-15T09:28:35Z, or 2h ago, or 30m, or 7d.",
    ),
    click.option("--until", metavar="TIME", help="Only with a ts before then, likewise."),
)


def filter_options(command: _Command) -> _Command:
    """Add `--from`, `--to`, `--since` and `--until`; the command gets them as keywords."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def message_filter(
    options: Mapping[str, str | None], *, q: str | None = None, q_name: str = "TEXT"
) -> MessageFilter:
    """Return which messages the options ask for.

    Args:
        options: What came of `filter_options`.
        q: What the text must hold.
        q_name: What the error calls it.

    Raises:
        click.UsageError: An option breaks a rule; it names every one.
    """
    since, until = (
        None if (text := options[name]) is None else parse_moment(text, f"--{name}")
        for name in ("since", "until")
    )
    try:
        return MessageFilter(
            sender=options["from"], recipient=options["to"], since=since, until=until, q=q
        )
    except InvalidQuery as exc:
        places = (q_name if f.field == "q" else f"--{f.field}" for f in exc.faults)
        words = (f"{place} {f.msg}" for place, f in zip(places, exc.faults, strict=True))
        raise click.UsageError("; ".join(words)) from None


def parse_moment(text: str, option: str) -> datetime:
    """Read a timestamp, or how long ago.

    Args:
        text: As in `2026-01-15T09:28:35Z`, or digits and one of `s`, `m`, `h`, `d`, `w`.
        option: What the error names.

    Raises:
        click.UsageError: It is neither, or before the year 1.
    """
    try:
        if found := _AGO.fullmatch(text):
            return datetime.now(UTC) - int(found[1]) * _UNITS[found[2]]
        return parse_timestamp(text)
    except (InvalidTimestamp, OverflowError):
        raise click.UsageError(
            f"{option} must be as in 2026-01-15T09:28:35Z, or how long ago, as in 30m, 2h or 7d"
        ) from None


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
