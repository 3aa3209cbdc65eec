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

from lyftr_core.faults import Fault

__all__ = [
    "DataRefused",
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
