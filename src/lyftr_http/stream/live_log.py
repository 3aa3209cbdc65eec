"""Follows the log for all streams of one process, while there is any.

To be woken by the commits of this process is not enough: other workers, and other programs, commit
to the same database. So the end of the log is looked at again and again, by one task for all.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lyftr_core import LogRun, LogSelection, MessageFilter, MessageReader, StorageUnavailable
from lyftr_http.stream.live_feed import LiveFeed

__all__ = ["CommitSignal", "LiveLog"]


class CommitSignal:
    """Set by one task and awaited by another, in one event loop."""

    def __init__(self) -> None:
        self._set = asyncio.Event()

    def notify(self) -> None:
        """Say that something was committed."""
        self._set.set()

    async def wait(self, seconds: float) -> None:
        """Wait for the signal, or until the time is over. What was set before counts too.

        Args:
            seconds: At most so long: other processes do not set it.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._set.wait()
        self._set.clear()


_LOOK = 0.2
"""How often the end of the log is looked at, in seconds."""
_PAUSE = 0.05
"""From one reading of new messages to the next, in seconds: many commits share one."""
_AFTER_FAILURE = 1.0
"""After the database could not be read, in seconds."""
_WAKE = 5.0
"""So often streams are woken for their heartbeat, in seconds."""
_AT_ONCE = 500
"""How many messages are read at once for all."""
_FOR_ONE = 50
"""How many are read at once for a stream that is further behind."""
_READERS = 2
"""So many of these read at the same time, and leave connections for other readers."""
_EVERYTHING = MessageFilter()
_log = logging.getLogger("lyftr_http.live_log")


class LiveLog:
    """The follower of the log. It is used in one event loop.

    Args:
        reader: Where the messages are.
        signal: Set at each commit of this process.
        wake: How often streams are woken though nothing has come, in seconds.

    Attributes:
        is_ending: Whether the server is shutting down.
    """

    def __init__(self, reader: MessageReader, signal: CommitSignal, wake: float = _WAKE) -> None:
        self.is_ending = False
        self._reader = reader
        self._signal = signal
        self._wake = wake
        self._feed: LiveFeed | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners = 0
        self._turn = asyncio.Semaphore(_READERS)
        self._failure = ""

    async def last_seq(self) -> int:
        """Return the end of the log; see `lyftr_core.MessageReader`."""
        return await self._reader.last_seq()

    async def read_behind(self, position: int, query: MessageFilter) -> LogRun:
        """Read some of what a stream has to catch up with.

        Args:
            position: Behind which `seq`.
            query: Which messages.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        async with self._turn:
            selection = LogSelection(filter=query, after=position, limit=_FOR_ONE)
            return await self._reader.read_log(selection)

    @contextmanager
    def listen(self, last_seq: int) -> Iterator[LiveFeed]:
        """Use the feed, which is followed as long as somebody does.

        Args:
            last_seq: The end of the log as it was just read.

        Raises:
            StorageUnavailable: The server is shutting down.
        """
        if self.is_ending:
            raise StorageUnavailable("shutting down")
        feed = self._feed
        if feed is None or feed.is_over:
            feed = self._begin(last_seq)
        self._listeners += 1
        try:
            yield feed
        finally:
            self._listeners -= 1
            if not self._listeners:
                self._stop()

    def end(self) -> None:
        """Let every stream come to its end, and take in no other: the server is shutting down."""
        self.is_ending = True
        self._stop()

    async def close(self) -> None:
        """End, and wait until the database is left alone."""
        self.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, last_seq: int) -> LiveFeed:
        self._feed = feed = LiveFeed(last_seq)
        task = asyncio.create_task(self._follow(feed), name="lyftr-live-log")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return feed

    def _stop(self) -> None:
        if self._feed:
            self._feed.close()
            self._feed = None
        for task in self._tasks:
            task.cancel()

    async def _follow(self, feed: LiveFeed) -> None:
        loop = asyncio.get_running_loop()
        wake_at = loop.time() + self._wake
        try:
            while not feed.is_over:
                if await self._read(feed):
                    await asyncio.sleep(_PAUSE)
                if loop.time() >= wake_at:
                    wake_at = loop.time() + self._wake
                    feed.wake()
                await self._signal.wait(_LOOK)
        except Exception:  # noqa: BLE001 - nobody waits for it; the streams end, and say why
            _log.exception("the log cannot be followed")
        finally:
            feed.close()

    async def _read(self, feed: LiveFeed) -> bool:
        """Read what is new, and tell whether there was anything."""
        try:
            return await self._read_up_to(await self._reader.last_seq(), feed)
        except StorageUnavailable as exc:
            if str(exc) != self._failure:
                _log.warning("the log cannot be followed now: %s", exc)
            self._failure = str(exc)
            await asyncio.sleep(_AFTER_FAILURE)
            return False

    async def _read_up_to(self, last_seq: int, feed: LiveFeed) -> bool:
        self._failure = ""
        if last_seq < feed.end:  # another database is in its place: streams have to begin anew
            feed.close()
        is_new = feed.end < last_seq
        while feed.end < last_seq and not feed.is_over:
            selection = LogSelection(filter=_EVERYTHING, after=feed.end, limit=_AT_ONCE)
            feed.extend(await self._reader.read_log(selection))
        return is_new
