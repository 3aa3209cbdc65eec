"""What stands in the place of a standard stream that is closed.

A command that reads nothing there would take no data for empty data, and one that writes there
would take lost data for written data. Both get an error instead.
"""

import io
import os
import sys
from typing import NoReturn

__all__ = ["replace_closed_streams"]

_FIRST_FREE = 3
"""The first file descriptor after the three standard streams."""


def replace_closed_streams() -> None:
    """Open the null device where a standard stream is closed, and let Python fail to use it.

    Without the null device the next file opened, perhaps the database, gets the number of the
    stream, and what a library prints goes there. A closed standard error only loses its lines.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < _FIRST_FREE:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdin = sys.stdin or io.TextIOWrapper(_ClosedInput())
    sys.stdout = sys.stdout or io.TextIOWrapper(_ClosedOutput(), write_through=True)
    sys.stderr = sys.stderr or os.fdopen(2, "w")


class _ClosedInput(io.BufferedIOBase):
    name = "<stdin>"

    def readable(self) -> bool:
        return True

    def fileno(self) -> NoReturn:
        raise OSError("standard input is closed")

    def read(self, _size: int | None = -1, /) -> NoReturn:
        self.fileno()

    read1 = read


class _ClosedOutput(io.BufferedIOBase):
    name = "<stdout>"

    def writable(self) -> bool:
        return True

    def fileno(self) -> NoReturn:
        raise OSError("standard output is closed; to discard it, use >/dev/null")

    def write(self, _data: object, /) -> NoReturn:
        self.fileno()
