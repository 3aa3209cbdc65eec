"""A command of `lyftr` on a terminal of its own, and what a person would see there."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.server import LYFTR, PATIENCE, environment

__all__ = ["Terminal", "on_a_terminal", "open_terminal", "plain"]

_NONE: Mapping[str, str] = {}
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A process on a terminal, and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self.printed = b""
        self._descriptor = descriptor

    def wait_for(self, part: str) -> str:
        """Return what is printed, without colours, as soon as it holds a string."""
        deadline = time.monotonic() + PATIENCE
        while part not in plain(self.printed):
            assert time.monotonic() < deadline, self.printed
            assert self._read(), self.printed
        return plain(self.printed)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._descriptor, keys)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the exit status and what was printed, without colours."""
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, self.printed
        return self.process.wait(PATIENCE), plain(self.printed)

    def _read(self) -> bool:
        """Read what there is; tell whether more may come."""
        if not select.select([self._descriptor], [], [], 1)[0]:
            return True
        more = b""
        with suppress(OSError):  # Linux reports a closed terminal this way
            more = os.read(self._descriptor, 65_536)
        self.printed += more
        return bool(more)


def open_terminal(variables: Mapping[str, str], width: int) -> tuple[int, int, dict[str, str]]:
    """Open a terminal of some width.

    Returns:
        The descriptor of its reader, that of its command, and the environment of its command.
    """
    reader, command = pty.openpty()
    fcntl.ioctl(command, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    # COLUMNS and LINES would tell rich of another width.
    kept = {name: text for name, text in variables.items() if name not in {"COLUMNS", "LINES"}}
    return reader, command, {**kept, "TERM": "xterm-256color"}


@contextmanager
def on_a_terminal(
    folder: Path, *arguments: str, variables: Mapping[str, str] = _NONE, width: int = 80
) -> Iterator[Terminal]:
    """Run a command with its three standard streams on a terminal; kill it if it still runs."""
    descriptor, other, seen = open_terminal(environment(**variables), width)
    try:
        process = subprocess.Popen(
            [*LYFTR, *arguments],
            cwd=folder,
            env=seen,
            stdin=other,
            stdout=other,
            stderr=other,
        )
        os.close(other)
        yield Terminal(process, descriptor)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(descriptor)


def plain(printed: bytes) -> str:
    """Return what was printed without what moves the cursor or colours."""
    return _CONTROL.sub(b"", printed).decode().replace("\r\n", "\n")
