"""How answers leave: the head together with the body, and no reading while requests wait."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

__all__ = ["AnswerTransport", "PipelineBackpressure"]


class PipelineBackpressure(FlowControl):
    """Reads nothing while requests of the connection wait for the ones before them.

    uvicorn's own reads on after each answer, however many requests wait: a client that sends them
    faster than they are answered would fill the memory.

    Args:
        transport: What reads.
        is_waiting: Whether requests wait.
    """

    def __init__(self, transport: asyncio.Transport, is_waiting: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._is_waiting = is_waiting

    def resume_reading(self) -> None:
        """Read on, unless requests wait."""
        if self.read_paused and not self._is_waiting():
            super().resume_reading()


_HEAD = b"HTTP/1.1 "
_LARGE = 64 * 1024
"""From so many bytes on a body is not copied to join it with its head."""
_INTERIM = ord("1")
"""The first digit of an answer that another follows (RFC 9110, section 15.2)."""


class AnswerTransport:
    """Wraps the transport of one connection.

    The server writes head and body one after the other, each a call of the system, and sending is
    among the dearest things that a short answer takes. An answer whose body comes later must send
    a first piece of it at once, or its head waits too.

    Args:
        transport: What sends.
        on_unsent: Told of the transport when it is closed while it still has something to send.
    """

    __slots__ = ("_head", "_is_lost", "_on_unsent", "_transport")

    def __init__(
        self, transport: asyncio.Transport, on_unsent: Callable[[asyncio.Transport], None]
    ) -> None:
        self._transport = transport
        self._on_unsent = on_unsent
        self._head = b""
        self._is_lost = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send what waits and this, or let this wait if it is a head."""
        if self._is_lost:
            return
        if self._head:
            head, self._head = self._head, b""
            self._write_both(head, data)
        elif data.startswith(_HEAD) and data[len(_HEAD)] != _INTERIM:
            self._head = data
        else:
            self._transport.write(data)

    def _write_both(self, head: bytes, body: bytes) -> None:
        if len(body) < _LARGE:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    def drop(self) -> None:
        """Send nothing more: the connection is gone, and its requests may not know of it yet."""
        self._is_lost = True
        self._head = b""

    def flush(self) -> None:
        """Send what waits."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Send what waits, then close the connection."""
        self.flush()
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._on_unsent(self._transport)
