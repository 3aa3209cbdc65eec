"""The file of what was not taken, so that nothing is lost and the same command can go on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

__all__ = ["Leftovers", "leftovers"]


class Leftovers:
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
def leftovers(path: str | None) -> Iterator[Leftovers]:
    """Make the file, for its owner alone, and take it away again where nothing was left.

    Raises:
        click.UsageError: There is such a file, which may hold what an earlier run left.
        OSError: It cannot be made or written.
    """
    if path is None:
        yield Leftovers(None)
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise click.UsageError(f"--failed: {path} exists, and is not written over") from None
    kept = None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            kept = Leftovers(stream)
            yield kept
    finally:
        if kept is None or not kept.count:
            Path(path).unlink()
