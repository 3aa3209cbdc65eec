"""The bar that moves on a terminal while a command works."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from lyftr_cli.output.safe_text import escaped
from lyftr_cli.output.tables import console

__all__ = ["ProgressBar", "progress_bar"]


class ProgressBar:
    """One bar of rich."""

    def __init__(self, shown: Progress, task: TaskID) -> None:
        self._shown = shown
        self._task = task

    def update(self, done: int, length: int | None) -> None:
        """Show how much is done of how much."""
        self._shown.update(self._task, completed=done, total=length)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._shown.console.print(Text(escaped(line)))


@contextmanager
def progress_bar(label: str, length: int | None, unit: str) -> Iterator[ProgressBar]:
    """Show a bar on standard error; it stays there when all is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        *([TextColumn(unit)] if unit else []),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console(err=True), redirect_stdout=False, redirect_stderr=False
    ) as shown:
        yield ProgressBar(shown, shown.add_task(label, total=length))
