"""The one form of timestamp that lyftr takes and gives: RFC 3339 in UTC, to the microsecond.

`YYYY-MM-DDTHH:MM:SS[.f…]Z`, upper-case `T` and `Z`, ASCII digits, years 0001 to 9999.
The grammar is that of RFC 3339, section 5.6, without offsets and without leap seconds.
"""

import re
from datetime import UTC, datetime, timedelta

from lyftr_core.errors import FaultCode

__all__ = [
    "TIMESTAMP_PATTERN",
    "InvalidTimestamp",
    "format_timestamp",
    "from_microseconds",
    "parse_timestamp",
    "require_aware",
    "require_clock",
    "to_microseconds",
]

TIMESTAMP_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z"
"""The form of a whole timestamp; that its date and time exist is another matter."""

_SHAPE = re.compile(TIMESTAMP_PATTERN)
# A timestamp without a fraction is this one when each digit is made a zero, and is told by that
# in half of the time that the pattern takes.
_ZEROS = b"0000-00-00T00:00:00Z"
_TO_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Python 3.14 reads 24:00 as the next day, so the hour is checked here.
_HOUR = slice(11, 13)


class InvalidTimestamp(ValueError):
    """A string is not a timestamp of the accepted form.

    Attributes:
        code: `not_rfc3339` for the form, `no_such_time` for a date or time that does not exist.
        msg: A plain sentence that says what is taken.
    """

    def __init__(self, code: FaultCode, msg: str) -> None:
        super().__init__(code, msg)
        self.code = code
        self.msg = msg

    def __str__(self) -> str:
        return self.msg


def parse_timestamp(value: str) -> datetime:
    """Read a timestamp.

    Args:
        value: For example `2026-01-15T09:28:35Z` or `2026-01-15T09:28:35.25Z`. Any number of
            fractional digits is taken; those beyond the microsecond are cut off, not rounded.

    Returns:
        An aware datetime whose `tzinfo` is `datetime.UTC`.

    Raises:
        InvalidTimestamp: The form is another one, or the date or time does not exist.

    Example:
        >>> parse_timestamp("2026-01-15T09:28:35.1234567Z").microsecond
        123456
    """
    try:
        has_no_fraction = value.isascii() and value.encode().translate(_TO_ZEROS) == _ZEROS
    except AttributeError:
        raise TypeError(f"a timestamp must be a string, not {type(value).__name__}") from None
    if not has_no_fraction and _SHAPE.fullmatch(value) is None:
        msg = "must be an RFC 3339 time in UTC, as in 2026-01-15T09:28:35Z"
        raise InvalidTimestamp(FaultCode.NOT_RFC3339, msg)
    if value[_HOUR] == "24":
        raise _no_such_time()
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise _no_such_time() from None


def format_timestamp(moment: datetime) -> str:
    """Write a timestamp in its canonical form.

    Args:
        moment: An aware datetime; it is converted to UTC.

    Raises:
        TypeError: It is naive.

    Returns:
        `2026-01-15T09:28:35Z`, with a fraction only where it is not zero and without
        trailing zeros. Two moments are equal exactly if their canonical forms are.

    Example:
        >>> format_timestamp(datetime(2026, 1, 15, 9, 28, 35, 250_000, tzinfo=UTC))
        '2026-01-15T09:28:35.25Z'
    """
    require_aware(moment, "the moment must be")
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if moment.microsecond else text) + "Z"


def require_aware(moment: object, subject: str) -> None:
    """See that a moment has a time zone; Python would take a naive one for local time.

    Args:
        moment: Any object.
        subject: The beginning of the sentence, as in `the clock must return`.

    Raises:
        TypeError: It is a naive datetime, or none.
    """
    if getattr(moment, "tzinfo", None) is None:
        kind = "a naive one" if isinstance(moment, datetime) else type(moment).__name__
        raise TypeError(
            f"{subject} an aware datetime in UTC, as datetime.now(UTC) returns, not {kind}"
        )


def require_clock(clock: object) -> None:
    """See that a clock can be asked for the time.

    Raises:
        TypeError: It cannot, as the time itself cannot.
    """
    if not callable(clock):
        raise TypeError(
            "the clock must be a function, as in lambda: datetime.now(UTC),"
            f" not {type(clock).__name__}"
        )


def to_microseconds(moment: datetime) -> int:
    """Count the microseconds from 1970-01-01T00:00:00Z to a moment; negative before it."""
    try:
        return (moment - _EPOCH) // _MICROSECOND
    except TypeError:
        require_aware(moment, "the moment must be")
        raise


def from_microseconds(count: int) -> datetime:
    """Return the moment so many microseconds after 1970-01-01T00:00:00Z.

    Raises:
        OverflowError: The moment lies outside the years 0001 to 9999.
    """
    return _EPOCH + timedelta(microseconds=count)


def _no_such_time() -> InvalidTimestamp:
    return InvalidTimestamp(FaultCode.NO_SUCH_TIME, "must be a date and a time of day that exist")
