"""A repository in a file of JSON lines: an adapter for the ports of `lyftr_core`.

The file is a log, with one line for each delivery that changed something. What readers ask is
answered by `InMemoryMessageRepository`, into which the log is replayed at the start.
"""

import asyncio
import fcntl
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from lyftr_core import AddOutcome, InMemoryMessageRepository, Message, StorageUnavailable

__all__ = ["JsonLinesRepository"]


class _Delivery(msgspec.Struct):
    message: Message
    received_at: datetime


_decode = msgspec.json.Decoder(_Delivery).decode


class JsonLinesRepository:
    """A `MessageWriter`, whose `reader` is the `MessageReader`; both for one event loop.

    Args:
        file: Unbuffered, for appending, and for this repository alone.
    """

    def __init__(self, file: io.FileIO) -> None:
        self.reader = InMemoryMessageRepository()
        self._file = file
        self._end = 0  # in bytes: behind the last line that counts
        self._turn = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator["JsonLinesRepository"]:
        """Open a file, which is made if there is none.

        Raises:
            BlockingIOError: It is open already, in this process or in another.
            ValueError: A line that is not the last is damaged.
        """
        with io.FileIO(path, "a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            repository = cls(file)
            await repository._replay(path.read_bytes())  # noqa: ASYNC240 - nobody waits for it yet
            _sync_folder(path.parent)
            try:
                yield repository
            finally:
                async with repository._turn:  # what a cancelled caller began comes to its end
                    file.close()

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        """Store a message if its identifier is new; see `lyftr_core.MessageWriter`."""
        # Shielded: the thread goes on where its caller is cancelled, and must keep its turn.
        return await asyncio.shield(self._add(message, received_at))

    async def _add(self, message: Message, received_at: datetime) -> AddOutcome:
        async with self._turn:
            known = await self.reader.get(message.message_id)
            if known and known.message == message:
                return AddOutcome.DUPLICATE
            line = msgspec.json.encode(_Delivery(message, received_at)) + b"\n"
            try:
                await asyncio.to_thread(self._append, line)
            except (OSError, ValueError) as exc:  # ValueError: the file is closed
                raise StorageUnavailable("the file cannot be written") from exc
            # Not before: readers see only what is on the disk.
            return await self.reader.add(message, received_at=received_at)

    def _append(self, line: bytes) -> None:
        self._file.truncate(self._end)  # what a write that failed has left behind
        if self._file.write(line) != len(line):
            raise OSError("only a part of the line was written")
        os.fsync(self._file)
        self._end += len(line)

    async def _replay(self, content: bytes) -> None:
        *lines, torn = content.split(b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                delivery = _decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                if torn or number < len(lines):
                    raise ValueError(f"line {number} is damaged") from None
                break  # the loss of power can leave the end of a last line without its middle
            await self.reader.add(delivery.message, received_at=delivery.received_at)
            self._end += len(line) + 1
        # A process that was killed can leave a whole line that is not on the disk yet.
        os.fsync(self._file)


def _sync_folder(path: Path) -> None:
    """Put the name of a new file on the disk, too."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
