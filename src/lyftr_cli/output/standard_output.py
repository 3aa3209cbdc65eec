"""Standard output: nobody may read it any more, as behind `| head`, or it may take no more."""

import io
import os
import select
import sys
from typing import NoReturn

import click

__all__ = [
    "OutputClosed",
    "end_quietly",
    "gather_output",
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
    _discard_output(_STDOUT)
    sys.exit(1)


def _discard_output(descriptor: int) -> None:
    """Let what is still in a buffer go nowhere; else Python complains of it at the end.

    Args:
        descriptor: That of the output.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


class _StandardOutput(io.FileIO):
    """Standard output; what it does not take is an error that names it."""

    def write(self, data: bytes, /) -> int | None:  # type: ignore[override] # typing.IO overloads it
        """Write, and after an error no more.

        Raises:
            click.ClickException: It takes no more.
            BrokenPipeError: Its reader has gone.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as exc:
            _discard_output(self.fileno())
            reason = f"cannot write to standard output: {exc.strerror}"
            raise click.ClickException(reason) from None


def gather_output() -> None:
    """Put our own file behind standard output, with a buffer also under PYTHONUNBUFFERED.

    A stream without one may write a part and lose the rest in silence, and after an error its last
    flush tells none.
    """
    buffer = getattr(sys.stdout, "buffer", None)
    if isinstance(getattr(buffer, "raw", buffer), io.FileIO):
        sys.stdout.flush()
        raw = _StandardOutput(sys.stdout.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw),
            sys.stdout.encoding,
            sys.stdout.errors,
            line_buffering=raw.isatty(),
        )
