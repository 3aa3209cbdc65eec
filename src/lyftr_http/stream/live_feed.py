"""The last messages of the log, ready to be sent, for all streams of one process."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter
from sys import getsizeof
from typing import NamedTuple

from lyftr_core import LogRun, MessageFilter, StoredMessage
from lyftr_http.stream.server_sent_events import message_event

__all__ = [
    "CHUNK",
    "MOST_BYTES",
    "MOST_MESSAGES",
    "OLDEST",
    "SEARCHED",
    "Chunk",
    "LiveFeed",
    "make_chunk",
]

MOST_MESSAGES = 2_000
"""So many of the last messages are kept at most."""
MOST_BYTES = 4 * 1024 * 1024
"""Of so many bytes at most, folded texts included; who is further behind reads the database."""
OLDEST = 10.0
"""And for so many seconds at most, since what is removed from the database must go here too."""
CHUNK = 64 * 1024
"""A chunk is cut off behind the message with which it has so many bytes."""
SEARCHED = 25
"""So many texts are searched for one chunk at most, since all streams search in one turn of the
event loop: 400 of them take some 50 ms for texts of 4,096 characters."""

_EVERYTHING = MessageFilter()
_seq_of = attrgetter("seq")


class Chunk(NamedTuple):
    """What one stream sends next.

    Attributes:
        data: Events, one behind the other.
        messages: How many.
        through: Up to which `seq` the log was looked at for them.
    """

    data: bytes
    messages: int
    through: int


class _Entry(NamedTuple):
    seq: int
    stored: StoredMessage
    event: bytes
    since: float


class LiveFeed:
    """Holds every message with `start < seq <= end`, and tells who waits of new ones.

    Args:
        end: The last `seq` of the log as it begins.
        oldest: For how many seconds a message is kept.

    Attributes:
        start: Behind this `seq` it has everything.
        end: Up to this `seq` it has looked at the log.
        is_over: Whether nothing more will come.
    """

    def __init__(self, end: int, oldest: float = OLDEST) -> None:
        self.start = self.end = end
        self.is_over = False
        self._oldest = oldest
        self._entries: list[_Entry] = []
        self._folded: dict[int, str] = {}
        self._size = 0
        self._news = asyncio.Event()
        self._ready: dict[int, Chunk] = {}
        self._time = asyncio.get_running_loop().time

    def extend(self, run: LogRun) -> None:
        """Take in the next run of the log, unfiltered, and leave out what is old."""
        now = self._time()
        for stored in run.messages:
            entry = _Entry(stored.seq, stored, message_event(stored), now)
            self._entries.append(entry)
            self._size += len(entry.event)
        self.end = run.through
        self.wake()

    def wake(self) -> None:
        """Forget what is old, and let all who wait look whether there is something for them."""
        self._forget_old()
        self._news.set()
        self._news = asyncio.Event()

    def close(self) -> None:
        """Say that nothing more will come."""
        self.is_over = True
        self.wake()

    async def news(self) -> None:
        """Wait until the next `wake`; not at all where nothing more will come."""
        if not self.is_over:
            await self._news.wait()

    def chunk(self, position: int, query: MessageFilter) -> Chunk:
        """Return what comes behind a position, which must not lie before `start`.

        Args:
            position: A `seq`.
            query: Which messages.
        """
        if query != _EVERYTHING:
            return self._make(position, query)
        # Most streams have the same position, and the same chunk before them.
        if position not in self._ready:
            self._ready[position] = self._make(position, query)
        return self._ready[position]

    def _make(self, position: int, query: MessageFilter) -> Chunk:
        first = bisect_right(self._entries, position, key=_seq_of)
        entries = self._entries[first:]
        end = max(position, self.end)
        if query.q is not None and len(entries) > SEARCHED:
            entries = entries[:SEARCHED]
            end = entries[-1].seq
        return make_chunk(((e.seq, e.event) for e in entries if self._passes(e, query)), end)

    def _passes(self, entry: _Entry, query: MessageFilter) -> bool:
        folded = None if query.q is None else self._folded_text(entry)
        return query.matches(entry.stored.message, folded)

    def _folded_text(self, entry: _Entry) -> str:
        """Fold a text once, for however many streams search in it."""
        folded = self._folded.get(entry.seq)
        if folded is None:
            folded = (entry.stored.message.text or "").casefold()
            self._folded[entry.seq] = folded
            self._size += getsizeof(folded)
        return folded

    def _forget_old(self) -> None:
        self._ready.clear()
        surplus = len(self._entries) - MOST_MESSAGES
        oldest = self._time() - self._oldest
        count = 0
        for entry in self._entries:
            if count >= surplus and self._size <= MOST_BYTES and entry.since >= oldest:
                break
            self._size -= len(entry.event)
            if (folded := self._folded.pop(entry.seq, None)) is not None:
                self._size -= getsizeof(folded)
            self.start = entry.seq
            count += 1
        del self._entries[:count]


def make_chunk(events: Iterable[tuple[int, bytes]], end: int) -> Chunk:
    """Join events up to the size of a chunk.

    Args:
        events: Each with its `seq`, in order.
        end: How far the log was looked at, where all of them fit in.
    """
    data: list[bytes] = []
    size = 0
    for seq, event in events:
        data.append(event)
        size += len(event)
        if size >= CHUNK:
            return Chunk(b"".join(data), len(data), seq)
    return Chunk(b"".join(data), len(data), end)
