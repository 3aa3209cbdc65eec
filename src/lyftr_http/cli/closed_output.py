"""An output that nobody reads any more, as behind `| head`: a command ends as others do then."""

import os
import select
import signal
import sys
from typing import NoReturn

__all__ = ["OutputClosed", "end_as_by_sigpipe", "is_output_closed", "require_open_output"]

_DESCRIPTORS = (1, 2)
_BY_SIGPIPE = 128 + 13
"""The exit status that a shell shows for a process that SIGPIPE ended."""


class OutputClosed(Exception):
    """The process that read the output has ended."""


def is_output_closed() -> bool:
    """Tell whether standard output or standard error is a pipe without a reader.

    A write would tell, too, but who waits for new messages has nothing to write.
    """
    watch = select.poll()
    for descriptor in _DESCRIPTORS:
        watch.register(descriptor, 0)  # errors are reported whatever is asked for
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in watch.poll(0))


def require_open_output() -> None:
    """See that there is a reader.

    Raises:
        OutputClosed: There is none.
    """
    if is_output_closed():
        raise OutputClosed


def end_as_by_sigpipe() -> NoReturn:
    """End the process as SIGPIPE ends others: quietly, and so that a shell can tell."""
    # What is still in a buffer goes nowhere, and says so if it is flushed at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _DESCRIPTORS[0])
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it
    os.kill(os.getpid(), signal.SIGPIPE)
    sys.exit(_BY_SIGPIPE)  # where whoever started it has blocked the signal
