"""The lines of the log on their way out: those of one turn of the event loop, written together.

A group commit answers many requests in one turn. To write the line of each by itself would cost a
call of the system each, and every such call lets another thread have the interpreter.
"""

import asyncio
import select
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

__all__ = ["LineWriter"]

_PATIENCE = 1.0
"""How long a full pipe is waited for, once, before lines are dropped until it takes some again; in
seconds. Nothing else is done meanwhile."""
_PIECE = getattr(select, "PIPE_BUF", 512)
"""At most so many bytes are written at once: a pipe that processes share takes them undivided."""


class LineWriter:
    """Writes lines in the order in which they come, from any thread.

    Within an event loop they are written in its next turn, else at once. What cannot be written,
    as where the reader of a pipe has gone or stands still, is dropped: to answer matters more.

    Args:
        stream: Where to write.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._outlet = _Outlet(stream)
        self._lines: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        # A line may come from a finaliser in the middle of another line.
        self._lock = threading.RLock()
        # For a loop that ends before its next turn.
        weakref.finalize(self, self._outlet.write, self._lines)

    def write(self, line: bytes) -> None:
        """Write one line.

        Args:
            line: Without its newline.
        """
        with self._lock:
            self._lines.append(line)
            if self._loop and self._loop.is_running():
                return  # its next turn will write this too
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                self._flush()
                return
            loop.call_soon(self._flush)
            self._loop = loop

    # structlog calls the method that is named as the level.
    debug = info = warning = error = critical = write

    def _flush(self) -> None:
        with self._lock:
            self._loop = None
            self._outlet.write(self._lines)


class _Outlet:
    """A stream that is never waited for twice."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._is_full = False

    def write(self, lines: list[bytes]) -> None:
        """Write all lines, and leave none."""
        taken = lines[:]
        lines.clear()  # before they are written: a finaliser may add another meanwhile
        for piece in _pieces(taken):
            if self._takes_some():
                with suppress(OSError, ValueError):
                    self._stream.write(piece)
                    self._stream.flush()

    def _takes_some(self) -> bool:
        """Tell whether a piece can be written now; a pipe that takes any takes a whole piece."""
        patience = 0.0 if self._is_full else _PATIENCE
        try:
            self._is_full = not select.select([], [self._stream], [], patience)[1]
        except (OSError, ValueError):
            return True  # what is no file of the system has no such question
        return not self._is_full


def _pieces(lines: list[bytes]) -> Iterator[bytes]:
    """Join whole lines up to the size of a piece; a longer line is one by itself."""
    piece = bytearray()
    for line in lines:
        if piece and len(piece) + len(line) >= _PIECE:
            yield bytes(piece)
            piece.clear()
        piece += line
        piece += b"\n"
    if piece:
        yield bytes(piece)
