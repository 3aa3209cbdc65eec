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

_PIECE = getattr(select, "PIPE_BUF", 512)
"""At most so many bytes are written at once: a pipe that processes share takes them undivided."""


class LineWriter:
    """Writes lines in the order in which they come, from any thread.

    Within an event loop they are written in its next turn, else at once. What cannot be written,
    as where the reader of a pipe has gone, is dropped: to answer matters more.

    Args:
        stream: Where to write.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        # A line may come from a finaliser in the middle of another line.
        self._lock = threading.RLock()
        # For a loop that ends before its next turn.
        weakref.finalize(self, _write, self._lines, stream)

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
            _write(self._lines, self._stream)


def _write(lines: list[bytes], stream: BinaryIO) -> None:
    taken = lines[:]
    lines.clear()  # before they are written: a finaliser may add another meanwhile
    for piece in _pieces(taken):
        with suppress(OSError, ValueError):
            stream.write(piece)
            stream.flush()


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
