"""The errors that the ports and the use cases raise.

    LyftrError
    ├── InvalidSignature        the sender did not prove who it is
    ├── SecretNotConfigured     there is nothing to verify a signature with
    ├── InvalidInput            input breaks one or more rules; carries every fault
    │   ├── InvalidMessage      ... of a message
    │   └── InvalidQuery        ... of a query
    └── StorageError
        ├── StorageUnavailable  not committed, safe to retry
        │   └── DataRefused     ... for what it holds; the store itself is well
        └── SchemaMismatch      the database is not one that this version can use

A duplicate is not an error: see `lyftr_core.message.AddOutcome`.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

__all__ = [
    "DataRefused",
    "Fault",
    "FaultCode",
    "InvalidInput",
    "InvalidMessage",
    "InvalidQuery",
    "InvalidSignature",
    "LyftrError",
    "SchemaMismatch",
    "SecretNotConfigured",
    "StorageError",
    "StorageUnavailable",
]


class FaultCode(StrEnum):
    """The stable codes of every validation fault. Clients may rely on them."""

    CONFLICTING = "conflicting"
    """Two parameters that exclude each other were both given."""
    CONTROL_CHARACTER = "control_character"
    """The identifier holds a control character (Unicode category Cc)."""
    CURSOR_MISMATCH = "cursor_mismatch"
    """The cursor was made for other filters or another order."""
    INVALID_CSV = "invalid_csv"
    """The line of a file is no record of comma-separated values (RFC 4180)."""
    INVALID_CURSOR = "invalid_cursor"
    """The cursor is not one that this service gave."""
    INVALID_JSON = "invalid_json"
    """The body is not one JSON document (RFC 8259)."""
    INVALID_UTF8 = "invalid_utf8"
    """The bytes are not valid UTF-8 (RFC 3629)."""
    LONE_SURROGATE = "lone_surrogate"
    """The text holds half of a surrogate pair, which no UTF-8 can carry."""
    MISSING = "missing"
    """A required field is absent."""
    NO_SUCH_TIME = "no_such_time"
    """The date or the time of day does not exist."""
    NOT_A_CHOICE = "not_a_choice"
    """The value is none of the few that are taken."""
    NOT_AN_INTEGER = "not_an_integer"
    """The value is not a whole number in ASCII digits."""
    NOT_AN_OBJECT = "not_an_object"
    """The body is JSON, but not an object."""
    NOT_E164 = "not_e164"
    """The phone number is not in E.164 form."""
    NOT_RFC3339 = "not_rfc3339"
    """The timestamp is not in the one accepted form of RFC 3339."""
    NUL_CHARACTER = "nul_character"
    """The text holds U+0000, which not every store can keep."""
    OUT_OF_RANGE = "out_of_range"
    """The number is below or above what is taken."""
    REPEATED = "repeated"
    """The parameter was given more than once."""
    TOO_DEEP = "too_deep"
    """The JSON nests more than 100 levels deep."""
    TOO_LONG = "too_long"
    """The string has more characters than are taken."""
    TOO_SHORT = "too_short"
    """The string has fewer characters than are taken."""
    WRONG_TYPE = "wrong_type"
    """The value has another JSON type than the field."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with an input.

    Attributes:
        field: The field or parameter as the sender named it (`from`, not `sender`),
            or `None` where the fault lies in the input as a whole.
        code: The kind of fault; stable.
        msg: A plain sentence that says what is taken. It never repeats the value.
    """

    field: str | None
    code: FaultCode
    msg: str


class LyftrError(Exception):
    """The root of the errors that the ports and the use cases raise."""


class InvalidSignature(LyftrError):
    """The signature is missing, malformed or wrong.

    It does not say which: whoever probes the service learns nothing from it.
    """

    def __str__(self) -> str:
        return "invalid signature"


class SecretNotConfigured(LyftrError):
    """No secret is configured, so no request can be verified."""

    def __str__(self) -> str:
        return "no webhook secret is configured"


class InvalidInput(LyftrError, ValueError):
    """Input breaks one or more rules.

    Attributes:
        faults: Every fault that was found, in the order of the fields; never empty.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults: tuple[Fault, ...] = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(f"{f.field or 'input'}: {f.msg}" for f in self.faults)


class InvalidMessage(InvalidInput):
    """A message breaks one or more rules.

    Example:
        >>> from lyftr_core import FaultCode
        >>> error = InvalidMessage([Fault("text", FaultCode.TOO_SHORT, "must not be empty")])
        >>> str(error), error.faults[0].code.value
        ('text: must not be empty', 'too_short')
    """


class InvalidQuery(InvalidInput):
    """A filter or a page request breaks one or more rules."""


class StorageError(LyftrError):
    """The store could not do what was asked."""


class StorageUnavailable(StorageError):
    """The store cannot answer or commit now. Nothing is promised; trying again is safe."""


class DataRefused(StorageUnavailable):
    """The store does not take something of what it was given, and works otherwise.

    A constraint or a trigger of the operator's may forbid it, or it cannot be encoded.
    """


class SchemaMismatch(StorageError):
    """The database has a schema that this version of the program cannot use."""
