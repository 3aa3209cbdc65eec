"""The option `--timeout` of the commands that send webhooks."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lyftr_http.cli.finite_range import FiniteRange

__all__ = ["timeout_option"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def timeout_option(command: _Command) -> _Command:
    """Add `--timeout`, in seconds: how long the receiver may take."""
    return click.option(
        "--timeout",
        type=FiniteRange(0.1, 600),
        default=10.0,
        metavar="SECONDS",
        help="How long an answer may take.  [default: 10]",
    )(command)
