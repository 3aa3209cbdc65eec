"""The file of what was not taken, so that nothing is lost and the same command can go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from lyftr_cli.environment import database_for
from lyftr_cli.transfer.output_files import create_file
from lyftr_core import StorageError
from lyftr_core.database import Database
from lyftr_runtime.settings import InvalidSettings, Settings

__all__ = ["FailedMessages", "failed_messages"]


class FailedMessages:
    """A file of bodies, one a line; or none.

    Args:
        stream: Where they go.
    """

    def __init__(self, stream: BinaryIO | None) -> None:
        self.count = 0
        self._stream = stream

    def add(self, body: bytes) -> None:
        """Keep a body."""
        if self._stream is not None:
            self._stream.write(body + b"\n")
            self.count += 1

    def add_behind(self, line: int, stream: BinaryIO, start: int) -> None:
        """Keep what a file has behind a line.

        Args:
            line: The last that is left out, from 1.
            stream: The file.
            start: Where its first line begins, in bytes.
        """
        if self._stream is None:
            return
        stream.seek(start)
        for number, text in enumerate(stream, 1):
            if number > line and text.strip():
                self.add(text.rstrip(b"\r\n"))


@contextmanager
def failed_messages(path: Path | None, settings: Settings) -> Iterator[FailedMessages]:
    """Make the file, for its owner alone, and take it away again where nothing was left.

    Args:
        path: The file; `None` for none.
        settings: They name the database, whose files are refused.

    Raises:
        click.UsageError: The file exists and may hold what an earlier run left, it cannot be
            made, or it is a file of the database.
        OSError: It cannot be written.
    """
    if path is None:
        yield FailedMessages(None)
        return
    try:
        stream = create_file(path, _database(settings))
    except (click.ClickException, StorageError) as exc:
        raise click.UsageError(f"--failed: {exc}") from None
    kept = None
    try:
        with stream:
            kept = FailedMessages(stream)
            yield kept
    finally:
        if kept is None or not kept.count:
            path.unlink()


def _database(settings: Settings) -> Database | None:
    """Return the database that is configured; a sender needs none."""
    try:
        return database_for(settings)
    except InvalidSettings:
        return None
