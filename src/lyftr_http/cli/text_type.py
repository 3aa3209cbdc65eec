"""Arguments that are text of messages: what UTF-8 can read is UTF-8, whatever the locale says."""

import os
from typing import Any

import click

__all__ = ["TEXT"]


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
