"""An output that nobody reads any more, as behind `| head`: a command ends quietly then."""

import os
import select
import sys
from typing import NoReturn

__all__ = ["OutputClosed", "end_quietly", "is_output_closed", "require_open_output"]

_STDOUT, _STDERR = 1, 2


class OutputClosed(Exception):
    """The process that read the output has ended."""


def is_output_closed() -> bool:
    """Tell whether standard output or standard error is a pipe without a reader.

    A write would tell, too, but who waits for new messages has nothing to write.
    """
    watch = select.poll()
    for descriptor in (_STDOUT, _STDERR):
        watch.register(descriptor, 0)  # errors are reported whatever is asked for
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in watch.poll(0))


def require_open_output() -> None:
    """See that there is a reader.

    Raises:
        OutputClosed: There is none.
    """
    if is_output_closed():
        raise OutputClosed


def end_quietly() -> NoReturn:
    """End the process without a word, with the status of one that could not do its work."""
    # What is still in a buffer goes nowhere; else Python would complain of it at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
    sys.exit(1)
