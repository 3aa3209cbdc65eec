"""Messages for the contract, and short ways to store and read them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from lyftr_core.message import AddOutcome, Message, StoredMessage
from lyftr_core.ports import MessageReader, MessageWriter
from lyftr_core.selection import Matches, MessageFilter, Order, Selection
from lyftr_core.timestamps import format_timestamp

__all__ = [
    "EVERYTHING",
    "FIELDS",
    "NOON",
    "fill",
    "get",
    "ids",
    "one_that_passes",
    "sample",
    "select_all",
    "select_ids",
    "wire_fields",
]

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
"""When a sample was sent, unless it says otherwise."""
EVERYTHING = MessageFilter()
"""The filter that every message passes."""
FIELDS = {
    "message_id": "m1",
    "from": "+919876543210",
    "to": "+14155550100",
    "ts": "2026-01-15T12:00:00Z",
    "text": "Hello",
}
"""The fields of a sample as its sender writes them."""


def sample(
    message_id: str = "m1",
    *,
    sender: str = "+919876543210",
    recipient: str = "+14155550100",
    ts: datetime = NOON,
    text: str | None = "Hello",
) -> Message:
    """Return a message; what is not given does not matter to the test."""
    return Message(message_id=message_id, sender=sender, recipient=recipient, ts=ts, text=text)


def one_that_passes() -> tuple[MessageFilter, Message, list[Message]]:
    """Return a filter on everything, a message that passes, and those that fail by one thing."""
    tick = timedelta(microseconds=1)
    query = MessageFilter(sender="+11", recipient="+22", since=NOON, until=NOON + tick, q="STRASSE")
    right = sample("right", sender="+11", recipient="+22", text="die Straße")
    wrong = [
        replace(right, message_id="w1", sender="+22"),
        replace(right, message_id="w2", recipient="+11"),
        replace(right, message_id="w3", ts=NOON - tick),
        replace(right, message_id="w4", ts=NOON + tick),
        replace(right, message_id="w5", text="die Gasse"),
        replace(right, message_id="w6", text=None),
    ]
    return query, right, wrong


def wire_fields(message: Message) -> dict[str, str | None]:
    """Return the fields of a message as its sender writes them."""
    return {
        "message_id": message.message_id,
        "from": message.sender,
        "to": message.recipient,
        "ts": format_timestamp(message.ts),
        "text": message.text,
    }


async def fill(writer: MessageWriter, messages: Iterable[Message]) -> None:
    """Add messages one after another, received a second apart; each must be new."""
    for count, message in enumerate(messages):
        received_at = NOON + timedelta(seconds=count)
        assert await writer.add(message, received_at=received_at) is AddOutcome.CREATED


async def get(reader: MessageReader, message_id: str) -> StoredMessage:
    """Return a message that must be there."""
    stored = await reader.get(message_id)
    assert stored is not None
    return stored


async def select_all(
    reader: MessageReader, query: MessageFilter = EVERYTHING, order: Order = Order.ASCENDING
) -> Matches:
    """Return every message that passes a filter, up to a thousand."""
    return await reader.select(Selection(filter=query, order=order, limit=1_000))


async def select_ids(reader: MessageReader, query: MessageFilter = EVERYTHING) -> list[str]:
    """Return the identifiers of the messages that pass a filter, in order."""
    matches = await select_all(reader, query)
    assert matches.total == len(matches.messages)
    return ids(matches)


def ids(matches: Matches) -> list[str]:
    """Return the identifiers of the messages, in order."""
    return [stored.message.message_id for stored in matches.messages]
