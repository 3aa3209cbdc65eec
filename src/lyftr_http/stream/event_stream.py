"""One stream of messages: from where its client left off, then live, until one of both ends it."""

import asyncio
from collections.abc import Awaitable, Callable

from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, HTTPScope, Receive, Send

from lyftr_core import MessageFilter, StorageUnavailable
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.exchange.scope_state import mark_as_endless, was_slow
from lyftr_http.observability.metrics import Metrics, StreamEnding
from lyftr_http.stream.live_feed import Chunk, LiveFeed, make_chunk
from lyftr_http.stream.live_log import LiveLog
from lyftr_http.stream.server_sent_events import (
    HEARTBEAT,
    MEDIA_TYPE,
    beginning,
    message_event,
    position_event,
)

__all__ = ["SILENCE", "EventStream", "EventStreams"]

SILENCE = 10.0
"""After so many seconds without a message a heartbeat is due."""

_HEADERS = [
    (b"content-type", f"{MEDIA_TYPE}; charset=utf-8".encode()),
    (b"x-accel-buffering", b"no"),  # nginx would wait until it has a buffer full
]

_Write = Callable[[bytes], Awaitable[None]]


class EventStreams:
    """The streams of one process.

    Args:
        live: Follows the log.
        in_flight: Limits how many there are at once.
        metrics: Counts them.
        silence: After so many seconds without a message a heartbeat is due.
    """

    def __init__(
        self, live: LiveLog, in_flight: InFlight, metrics: Metrics, silence: float = SILENCE
    ) -> None:
        self.live = live
        self.in_flight = in_flight
        self.metrics = metrics
        self.silence = silence

    def open(self, query: MessageFilter, after: int | None) -> "EventStream":
        """Return the answer to one request.

        Args:
            query: Which messages.
            after: Behind which `seq`; `None` is what comes from now on. One that the log has not
                reached is of another database, and means the same.
        """
        return EventStream(self, query, after)


class EventStream:
    """An ASGI application that answers one request.

    Args:
        streams: Those it is one of.
        query: Which messages.
        after: Behind which `seq`, if that was said.
    """

    def __init__(self, streams: EventStreams, query: MessageFilter, after: int | None) -> None:
        self._live = streams.live
        self._in_flight = streams.in_flight
        self._metrics = streams.metrics
        self._silence = streams.silence
        self._query = query
        self._after = after

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Stream until the client goes, or the server ends.

        Raises:
            TooManyInFlight: There are as many as may be.
            StorageUnavailable: The store cannot answer now, or the server is shutting down.
        """
        with self._in_flight:
            last = await self._live.last_seq()
            position = last if self._after is None else min(self._after, last)
            with self._live.listen(last) as feed:
                await send(_start())
                if scope["method"] == "HEAD":
                    await send(_body(b"", more=False))
                    return
                mark_as_endless(scope)
                streaming = self._stream(feed, position, send)
                with self._metrics.open_stream() as note_ending:
                    finished = await _until_gone(receive, streaming)
                    note_ending(self._ending(scope, finished=finished))

    def _ending(self, scope: HTTPScope, *, finished: bool) -> StreamEnding:
        if was_slow(scope):
            return StreamEnding.SLOW
        if not finished:
            return StreamEnding.CLIENT
        return StreamEnding.SHUTDOWN if self._live.is_ending else StreamEnding.ERROR

    async def _stream(self, feed: LiveFeed, position: int, send: Send) -> None:
        pulse = _Pulse(lambda data: send(_body(data, more=True)), self._silence)
        await pulse.write(beginning(position))
        try:
            while not feed.is_over:
                chunk = await self._next(feed, position)
                position = chunk.through
                if chunk.data:
                    await pulse.write(chunk.data)
                    self._metrics.count_streamed(chunk.messages)
                else:
                    await pulse.beat(position)
                    if position >= feed.end:
                        await feed.news()
                await asyncio.sleep(0)  # a chunk may not have had to wait: others have their turn
        except StorageUnavailable:
            pass  # the client comes again, and is told so if that lasts
        await send(_body(b"", more=False))

    async def _next(self, feed: LiveFeed, position: int) -> Chunk:
        if position >= feed.start:
            return feed.chunk(position, self._query)
        run = await self._live.read_behind(position, self._query)
        events = ((stored.seq, message_event(stored)) for stored in run.messages)
        return make_chunk(events, run.through)


class _Pulse:
    """Sees to it that something is written now and then."""

    def __init__(self, write: _Write, silence: float) -> None:
        self._write = write
        self._silence = silence
        self._time = asyncio.get_running_loop().time
        self._written = 0.0
        self._told = -1

    async def write(self, data: bytes) -> None:
        await self._write(data)
        self._written = self._time()

    async def beat(self, position: int) -> None:
        """Write a heartbeat if one is due; it tells the position where that has changed.

        So a client for which nothing has passed the filters does not look through the same messages
        again the next time.
        """
        if self._time() - self._written >= self._silence:
            await self.write(HEARTBEAT if position == self._told else position_event(position))
            self._told = position


async def _until_gone(receive: Receive, streaming: Awaitable[None]) -> bool:
    """Stream until the client has gone, and tell whether the stream came to its end by itself."""
    tasks = [asyncio.ensure_future(streaming), asyncio.ensure_future(_gone(receive))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finished = tasks[0].done()
        if finished:
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return finished


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start() -> HTTPResponseStartEvent:
    return {"type": "http.response.start", "status": 200, "headers": [*_HEADERS]}


def _body(data: bytes, *, more: bool) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": data, "more_body": more}
