"""What is kept of a delivery whose `message_id` was there already with other content.

The first message is kept whole; of the later ones nothing but which fields differ, when and how
often. See `lyftr_core.message.AddOutcome`.
"""

from datetime import datetime

import msgspec

from lyftr_core.message import Message

__all__ = ["CONTENT_FIELDS", "Conflict", "differing_fields"]

# Read from the class itself: `msgspec.structs.fields` would load what the import does not need.
_WIRE_NAMES = {
    name: wire_name
    for name, wire_name in zip(
        Message.__struct_fields__, Message.__struct_encode_fields__, strict=True
    )
    if name != "message_id"
}
CONTENT_FIELDS = tuple(_WIRE_NAMES.values())
"""Every field that can differ, as its sender names it, in the order of the message."""


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that differ from the message stored under their identifier in the same fields.

    It holds nothing of their content.

    Attributes:
        message_id: The identifier that they share with the stored message.
        fields: The fields that differ, as the sender names them, in the order of the message:
            one or more of `from`, `to`, `ts` and `text`. None where the stored message had been
            removed, so that nobody knows.
        first_received_at: The earliest time of receipt among them; aware, in UTC.
        last_received_at: The latest.
        deliveries: How many there were, from 1.
    """

    message_id: str
    fields: tuple[str, ...]
    first_received_at: datetime
    last_received_at: datetime
    deliveries: int


def differing_fields(first: Message, second: Message) -> tuple[str, ...]:
    """Name the fields in which two messages with the same identifier differ.

    Returns:
        The names as on the wire, in the order of the message; none if the messages are equal.

    Example:
        >>> from datetime import UTC, datetime
        >>> ts = datetime(2026, 1, 15, tzinfo=UTC)
        >>> first = Message(message_id="m1", sender="+12", recipient="+13", ts=ts)
        >>> differing_fields(first, msgspec.structs.replace(first, sender="+14", text="Hello"))
        ('from', 'text')
    """
    return tuple(
        wire_name
        for name, wire_name in _WIRE_NAMES.items()
        if getattr(first, name) != getattr(second, name)
    )
