"""Which messages are removed, how far that has come, and what stays of one that was.

The content of a removed message is gone; its identifier and a short hash stay, so that a late
redelivery is still a duplicate, and a changed one still a conflict.
"""

from datetime import datetime
from hashlib import sha256

import msgspec

from lyftr_core.errors import Fault, FaultCode, InvalidQuery
from lyftr_core.message import Message, StoredMessage, check_moment, check_phone_number
from lyftr_core.timestamps import to_microseconds

__all__ = ["Removal", "RemovalStep", "content_hash", "hash_fields"]

_SEPARATOR = b"\0"
"""No field holds it."""
_HASH_LENGTH = 4
"""In bytes. Short, so that it can confirm who knows a message, and is of no use for finding one."""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages to remove: those that meet everything that is given.

    Attributes:
        received_before: Received before this moment; aware, in UTC. What counts is `received_at`,
            which the store's owner knows, and not `ts`, which comes from the sender.
        number: Sent from or to this phone number.

    Raises:
        InvalidQuery: A value breaks a rule, or nothing is given.

    Example:
        >>> Removal(number="+919876543210").received_before
        >>> Removal()
        Traceback (most recent call last):
        lyftr_core.errors.InvalidQuery: received_before: must be given, or a number
    """

    received_before: datetime | None = None
    number: str | None = None

    def __post_init__(self) -> None:
        faults: list[Fault | None] = []
        if self.received_before is None and self.number is None:
            detail = "must be given, or a number"
            faults.append(Fault("received_before", FaultCode.MISSING, detail))
        if self.received_before is not None:
            faults.append(check_moment(self.received_before, "received_before"))
        if self.number is not None:
            faults.append(check_phone_number(self.number, "number"))
        if any(faults):
            raise InvalidQuery([fault for fault in faults if fault])

    def matches(self, stored: StoredMessage) -> bool:
        """Tell whether a message is to be removed."""
        if self.received_before is not None and stored.received_at >= self.received_before:
            return False
        return self.number in {None, stored.message.sender, stored.message.recipient}


class RemovalStep(msgspec.Struct, frozen=True):
    """What one step of a removal did.

    Attributes:
        removed: How many messages it removed.
        through: All that were to be removed are, up to this `seq`.
        last: The last `seq` of the log. Where `through` has reached it, this was the last step.
    """

    removed: int
    through: int
    last: int


def content_hash(message: Message) -> int:
    """Return what stays of a message's content once it is removed.

    Returns:
        Four bytes of a SHA-256 over all fields, as a number from 0 to 2^32 - 1. One other content
        in four billion has the same.

    Example:
        >>> from datetime import UTC, datetime
        >>> ts = datetime(2026, 1, 15, tzinfo=UTC)
        >>> content_hash(Message(message_id="m1", sender="+12", recipient="+13", ts=ts))
        2901277820
    """
    return hash_fields(
        message.message_id.encode(),
        message.sender.encode(),
        message.recipient.encode(),
        to_microseconds(message.ts),
        None if message.text is None else message.text.encode(),
    )


def hash_fields(
    message_id: bytes, sender: bytes, recipient: bytes, ts: int, text: bytes | None
) -> int:
    """Return the `content_hash` of fields, be they a valid message or not.

    The identifier is among them: so the same content under another one has another hash.

    Args:
        message_id: In UTF-8, as all texts.
        sender: As in `Message`.
        recipient: As in `Message`.
        ts: Microseconds since 1970-01-01T00:00:00Z.
        text: As in `Message`.
    """
    fields = [message_id, sender, recipient, str(ts).encode()]
    if text is not None:
        fields.append(text)
    digest = sha256(_SEPARATOR.join(fields)).digest()
    return int.from_bytes(digest[:_HASH_LENGTH], "big")
