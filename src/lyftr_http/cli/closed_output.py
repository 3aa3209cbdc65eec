"""An output that nobody reads any more, as behind `| head`: a command ends quietly then."""

import os
import select
import sys
from typing import NoReturn

__all__ = [
    "OutputClosed",
    "discard_output",
    "end_quietly",
    "is_output_closed",
    "require_open_output",
]

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
    discard_output(_STDOUT)
    sys.exit(1)


def discard_output(descriptor: int) -> None:
    """Let what is still in a buffer go nowhere; else Python complains of it at the end.

    Args:
        descriptor: That of the output.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
