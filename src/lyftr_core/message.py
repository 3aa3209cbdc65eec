"""The message: its fields, every rule on them, and what becomes of it in a store.

Second stage of a webhook's way: `lyftr_core.parsing` makes a `Message` from verified bytes,
and nothing that breaks a rule can become one.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache

import msgspec

from lyftr_core.errors import Fault, FaultCode, InvalidMessage
from lyftr_core.timestamps import InvalidTimestamp, parse_timestamp

__all__ = [
    "E164_PATTERN",
    "MAX_KEPT_SEQ",
    "MAX_MESSAGE_ID_LENGTH",
    "MAX_SEQ_IN_FILES",
    "MAX_TEXT_LENGTH",
    "AddOutcome",
    "Message",
    "Record",
    "StoredMessage",
    "check_message_id",
    "check_moment",
    "check_phone_number",
    "check_surrogates",
    "check_text",
    "check_timestamp",
]

E164_PATTERN = r"\+[1-9][0-9]{1,14}"
"""A whole phone number (ITU-T E.164, section 6)."""
MAX_MESSAGE_ID_LENGTH = 255
"""In characters (Unicode code points)."""
MAX_TEXT_LENGTH = 4096
"""In characters (Unicode code points)."""

# `[0-9]` and fullmatch on purpose: `\d` takes other scripts' digits, `$` a trailing newline.
_E164 = re.compile(E164_PATTERN)
_CONTROL = re.compile(r"[\0-\x1f\x7f-\x9f]")  # Unicode category Cc
# All of Unicode but controls (Cc) and surrogates (Cs). A class of what is taken matches a fifth
# faster than one of what is not; it takes 2 ms to compile, so there is one, and not at the import.
_TAKEN = r" -~\xa0-\ud7ff\ue000-\U0010ffff"
_ZERO = timedelta(0)


@cache
def _identity() -> re.Pattern[str]:
    """Return the rules of three fields at once; no field holds a newline, a control character."""
    return re.compile(rf"[{_TAKEN}]{{1,{MAX_MESSAGE_ID_LENGTH}}}\n{E164_PATTERN}\n{E164_PATTERN}")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A text message that obeys every rule; to construct one is to validate it.

    Two messages are equal if all their fields are, whatever JSON they came from.

    Attributes:
        message_id: The sender's identifier: 1 to 255 characters, no control characters.
        sender: E.164 phone number, `from` on the wire.
        recipient: E.164 phone number, `to` on the wire.
        ts: When the message was sent, according to the sender; aware, in UTC.
        text: Up to 4096 characters without NUL, or `None`.

    Raises:
        InvalidMessage: One or more rules are broken; it names every faulty field.

    Example:
        >>> from datetime import UTC, datetime
        >>> message = Message(
        ...     message_id="m1",
        ...     sender="+919876543210",
        ...     recipient="+14155550100",
        ...     ts=datetime(2026, 1, 15, 9, 28, 35, tzinfo=UTC),
        ...     text="Hello",
        ... )
        >>> message.sender
        '+919876543210'
    """

    message_id: str
    sender: str = msgspec.field(name="from")
    recipient: str = msgspec.field(name="to")
    ts: datetime
    text: str | None = None

    def __post_init__(self) -> None:
        strings = (self.message_id, self.sender, self.recipient)
        try:
            identity = "\n".join(strings)  # refuses what is no string, as an f-string does not
        except TypeError:
            identity = ""
        if (
            _identity().fullmatch(identity) is None
            or check_moment(self.ts, "ts")
            or check_text(self.text)
        ):
            raise InvalidMessage(_faults(self))


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a store keeps it.

    Attributes:
        message: What was received.
        received_at: When it was received; aware, in UTC.
        seq: From 1; grows in the order of commit, and is never used twice. It may have gaps.
    """

    message: Message
    received_at: datetime
    seq: int


class AddOutcome(StrEnum):
    """What adding a message did. All three mean that a row with this `message_id` is committed."""

    CREATED = "created"
    """The message was new and is now stored."""
    DUPLICATE = "duplicate"
    """The same message was there already; nothing changed."""
    CONFLICT = "conflict"
    """The same `message_id` with other content was there already; the first was kept."""


def check_message_id(value: object, field: str = "message_id") -> Fault | None:
    """Check the rules of a message identifier.

    Args:
        value: Anything; only a string can pass.
        field: The name that the fault gives.

    Returns:
        The first rule broken, or `None`.
    """
    if not isinstance(value, str):
        return Fault(field, FaultCode.WRONG_TYPE, "must be a string")
    if not value:
        return Fault(field, FaultCode.TOO_SHORT, "must not be empty")
    if len(value) > MAX_MESSAGE_ID_LENGTH:
        return Fault(
            field, FaultCode.TOO_LONG, f"must have at most {MAX_MESSAGE_ID_LENGTH} characters"
        )
    if _CONTROL.search(value):
        return Fault(field, FaultCode.CONTROL_CHARACTER, "must not hold control characters")
    return check_surrogates(value, field)


def check_phone_number(value: object, field: str) -> Fault | None:
    """Check that a value is a phone number in E.164 form (ITU-T E.164, section 6)."""
    if not isinstance(value, str):
        return Fault(field, FaultCode.WRONG_TYPE, "must be a string")
    if _E164.fullmatch(value) is None:
        return Fault(
            field,
            FaultCode.NOT_E164,
            "must be an E.164 phone number: + and 2 to 15 digits, the first not 0",
        )
    return None


def check_timestamp(value: object, field: str = "ts") -> Fault | None:
    """Check that a value is a timestamp as `lyftr_core.timestamps` reads it."""
    if not isinstance(value, str):
        return Fault(field, FaultCode.WRONG_TYPE, "must be a string")
    try:
        parse_timestamp(value)
    except InvalidTimestamp as exc:
        return Fault(field, exc.code, str(exc))
    return None


def check_moment(value: object, field: str) -> Fault | None:
    """Check that a value is an aware datetime in UTC."""
    if not isinstance(value, datetime):
        return Fault(field, FaultCode.WRONG_TYPE, "must be a datetime")
    if value.tzinfo is not UTC and value.utcoffset() != _ZERO:
        return Fault(field, FaultCode.NOT_RFC3339, "must be an aware datetime in UTC")
    return None


def check_text(value: object, field: str = "text") -> Fault | None:
    """Check the rules of a message's text; `None` passes."""
    if value is None:
        return None
    if not isinstance(value, str):
        return Fault(field, FaultCode.WRONG_TYPE, "must be a string or null")
    if len(value) > MAX_TEXT_LENGTH:
        return Fault(field, FaultCode.TOO_LONG, f"must have at most {MAX_TEXT_LENGTH} characters")
    if "\0" in value:
        return Fault(field, FaultCode.NUL_CHARACTER, "must not hold the NUL character")
    return None if value.isascii() else check_surrogates(value, field)


def check_surrogates(value: str, field: str) -> Fault | None:
    """Check that a string can be written as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return Fault(field, FaultCode.LONE_SURROGATE, "must not hold lone surrogates")
    return None


def _faults(message: Message) -> list[Fault]:
    """Name what breaks the rules, field by field."""
    faults = (
        check_message_id(message.message_id),
        check_phone_number(message.sender, "from"),
        check_phone_number(message.recipient, "to"),
        check_moment(message.ts, "ts"),
        check_text(message.text),
    )
    return [fault for fault in faults if fault]


MAX_SEQ_IN_FILES = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly (RFC 8259, section 6)."""
MAX_KEPT_SEQ = 2**52
"""The largest `seq` that an import keeps. All later messages get a higher one, and what one record
says must not take them beyond `MAX_SEQ_IN_FILES`: half of all numbers is left for them."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a record of a file says.

    Attributes:
        message: The message.
        received_at: When it was received; aware, in UTC; `None` where the file does not say.
        seq: Its place in the log that it comes from, from 1; `None` where the file does not say.
    """

    message: Message
    received_at: datetime | None = None
    seq: int | None = None

    @property
    def kept_seq(self) -> int | None:
        """The `seq` to store the message under, if the log has not come so far yet.

        Above `MAX_KEPT_SEQ` it is as if the file did not say: the message gets the next one.
        """
        return self.seq if self.seq is not None and self.seq <= MAX_KEPT_SEQ else None
