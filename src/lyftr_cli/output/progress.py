"""How far a long command has come, on standard error, where that is a terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from lyftr_cli.output.output import say

__all__ = ["ProgressCounter", "progress"]

_SELDOM = 0.1
"""In seconds: how often what is shown is brought up to date."""


class _Bar(Protocol):
    def update(self, done: int, length: int | None) -> None: ...

    def say(self, line: str) -> None: ...


class ProgressCounter:
    """Counts what is done.

    Args:
        length: How much there is to do, or `None` where nobody knows.
        bar: Shows it, if anything does.

    Attributes:
        done: How much is done.
    """

    def __init__(self, length: int | None, bar: _Bar | None) -> None:
        self.done = 0
        self._length = length
        self._bar = bar
        self._shown_at = 0.0

    def advance(self, count: int = 1) -> None:
        """Note that so much more is done."""
        self.show(self.done + count, self._length)

    def show(self, done: int, length: int | None) -> None:
        """Note how much is done in all, and how much there is to do."""
        self.done, self._length = done, length
        now = time.monotonic()
        if self._bar is not None and now - self._shown_at >= _SELDOM:
            self._shown_at = now
            self._bar.update(done, length)

    def say(self, line: str) -> None:
        """Print a line on standard error, above what moves there."""
        if self._bar is None:
            say(line, err=True)
        else:
            self._bar.say(line)

    def finish(self) -> None:
        """Show where it ended."""
        if self._bar is not None:
            self._bar.update(self.done, self._length)


@contextmanager
def progress(label: str, length: int | None = None, *, unit: str = "") -> Iterator[ProgressCounter]:
    """Show the progress of what is done within.

    On a terminal a bar moves on standard error; elsewhere nothing is shown.

    Args:
        label: What is done, in a word.
        length: How much there is to do, if that is known; `ProgressCounter.show` may say later.
        unit: What is counted, as in `messages`.
    """
    if not sys.stderr.isatty():
        yield ProgressCounter(length, None)
        return
    from lyftr_cli.output.progress_bar import progress_bar  # noqa: PLC0415 - rich is slow to load

    with progress_bar(label, length, unit) as bar:
        counted = ProgressCounter(length, bar)
        yield counted
        counted.finish()
