"""The text of an event stream (WHATWG HTML, section 9.2, "Server-sent events")."""

from lyftr_core import StoredMessage
from lyftr_core.wire import MessageItem
from lyftr_http.exchange.representations import encode

__all__ = ["HEARTBEAT", "MEDIA_TYPE", "RETRY", "beginning", "message_event", "position_event"]

MEDIA_TYPE = "text/event-stream"
RETRY = 2_000
"""After how many milliseconds a client whose stream has ended asks again."""
HEARTBEAT = b":\n\n"
"""A comment, which no client shows."""


def beginning(position: int) -> bytes:
    """Return what a stream begins with.

    Args:
        position: The `seq` behind which it goes on.
    """
    return b"retry: %d\n%b" % (RETRY, position_event(position))


def position_event(seq: int) -> bytes:
    """Return what sets the last event id of a client, and is no event to it as it has no data."""
    return b"id: %d\n\n" % seq


def message_event(stored: StoredMessage) -> bytes:
    """Return the event of one message. Its JSON has no line break in it."""
    return b"id: %d\nevent: message\ndata: %b\n\n" % (stored.seq, encode(MessageItem.of(stored)))
