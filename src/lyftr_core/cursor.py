"""Cursors: a place in the order of messages, opaque to clients, bound to its filter and order."""

import base64
import hashlib

import msgspec

from lyftr_core.errors import Fault, FaultCode, InvalidQuery
from lyftr_core.message import check_message_id
from lyftr_core.selection import MessageFilter, Order, Position
from lyftr_core.timestamps import from_microseconds, to_microseconds

__all__ = ["decode_cursor", "encode_cursor"]

_FIELD = "cursor"
_TO_STANDARD = bytes.maketrans(b"-_+/", b"+/!!")
"""From the alphabet for URLs (RFC 4648, section 5), in which the other's characters are wrong."""
_decode = msgspec.json.Decoder(tuple[str, int, str]).decode


def encode_cursor(position: Position, query: MessageFilter, order: Order) -> str:
    """Write a cursor that continues behind a position, for the same filter and order only.

    Example:
        >>> from datetime import UTC, datetime
        >>> position = Position(datetime(2026, 1, 15, tzinfo=UTC), "m1")
        >>> query = MessageFilter(q="hello")
        >>> cursor = encode_cursor(position, query, Order.ASCENDING)
        >>> decode_cursor(cursor, query, Order.ASCENDING) == position
        True
    """
    content = (_fingerprint(query, order), to_microseconds(position.ts), position.message_id)
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).rstrip(b"=").decode()


def decode_cursor(cursor: str, query: MessageFilter, order: Order) -> Position:
    """Read a cursor.

    Args:
        cursor: Any string at all.
        query: The filter it is used with.
        order: The order it is used with.

    Returns:
        The position behind which to continue.

    Raises:
        InvalidQuery: `invalid_cursor` if no such cursor was ever given, `cursor_mismatch` if it
            was given for another filter or order.

    Example:
        >>> decode_cursor("page2", MessageFilter(), Order.ASCENDING)
        Traceback (most recent call last):
        lyftr_core.errors.InvalidQuery: cursor: must be a next_cursor that this service gave
    """
    try:
        padded = cursor.encode().translate(_TO_STANDARD) + b"=" * (-len(cursor) % 4)
        fingerprint, count, message_id = _decode(base64.b64decode(padded, validate=True))
        position = Position(from_microseconds(count), message_id)
    except (ValueError, OverflowError, AttributeError, msgspec.DecodeError):
        raise _invalid() from None
    if check_message_id(message_id):
        raise _invalid()
    if fingerprint != _fingerprint(query, order):
        msg = "must be used with the filters and the order it was given for"
        raise InvalidQuery([Fault(_FIELD, FaultCode.CURSOR_MISMATCH, msg)])
    return position


def _invalid() -> InvalidQuery:
    msg = "must be a next_cursor that this service gave"
    return InvalidQuery([Fault(_FIELD, FaultCode.INVALID_CURSOR, msg)])


def _fingerprint(query: MessageFilter, order: Order) -> str:
    moments = [m and to_microseconds(m) for m in (query.since, query.until)]
    content = msgspec.json.encode([order, query.sender, query.recipient, *moments, query.q])
    return hashlib.sha256(content).hexdigest()[:16]
