"""Query strings and paths, read strictly: every fault is named, and nothing is guessed.

Litestar's own reading is lenient with numbers (`1e1`) and cannot tell a slash from `%2F`.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from lyftr_core import (
    Fault,
    FaultCode,
    InvalidInput,
    InvalidQuery,
    InvalidTimestamp,
    MessageFilter,
    Order,
    PageRequest,
    parse_timestamp,
)
from lyftr_core.message import check_message_id
from lyftr_core.queries import DEFAULT_LIMIT

__all__ = ["InvalidPath", "read_list_query", "read_message_id"]

T = TypeVar("T")

_NAMES = ("from", "to", "since", "until", "q", "order", "limit", "offset", "cursor", "total")
"""The parameters of `GET /messages`, in the order in which their faults are named."""
_TRUTH = {"true": True, "false": False}
_ORDERS = {order.value: order for order in Order}
_ENOUGH_DIGITS = 20
"""A number of this many digits, the first not 0, is above 2^63 whatever the digits are."""


class InvalidPath(InvalidInput):
    """A part of the path breaks a rule."""


def read_message_id(segment: str) -> str:
    """Read a message identifier from a path segment.

    Args:
        segment: Percent-encoded, as sent.

    Raises:
        InvalidPath: It breaks a rule of message identifiers, or is not UTF-8.
    """
    try:
        message_id = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise InvalidPath([_not_utf8("message_id")]) from None
    if fault := check_message_id(message_id):
        raise InvalidPath([fault])
    return message_id


def read_list_query(query_string: bytes) -> tuple[MessageFilter, PageRequest]:
    """Read the parameters of `GET /messages`. Unknown ones are ignored.

    Args:
        query_string: As sent.

    Raises:
        InvalidQuery: It names every fault.
    """
    given = _Parameters(query_string)
    query = given.build(
        MessageFilter,
        sender=given.get("from", _phone_number, None, empty_is_absent=True),
        recipient=given.get("to", _phone_number, None, empty_is_absent=True),
        since=given.get("since", parse_timestamp, None, empty_is_absent=True),
        until=given.get("until", parse_timestamp, None, empty_is_absent=True),
        q=given.get("q", str, None, empty_is_absent=True),
    )
    request = given.build(
        PageRequest,
        limit=given.get("limit", _integer, DEFAULT_LIMIT),
        offset=given.get("offset", _integer, None),
        cursor=given.get("cursor", str, None, empty_is_absent=True),
        order=given.get("order", _choice(_ORDERS), Order.ASCENDING),
        with_total=given.get("total", _choice(_TRUTH), default=True),
    )
    if query is None or request is None or given.faults:
        raise InvalidQuery(sorted(given.faults, key=lambda fault: _NAMES.index(fault.field or "")))
    return query, request


class _Parameters:
    """The parameters of a query string, and the faults found while reading them."""

    def __init__(self, query_string: bytes) -> None:
        self.faults: list[Fault] = []
        self._values: dict[str, list[bytes]] = {}
        for pair in query_string.split(b"&"):
            name, _, value = (unquote_to_bytes(p.replace(b"+", b" ")) for p in pair.partition(b"="))
            self._values.setdefault(name.decode(errors="replace"), []).append(value)

    def get(
        self, name: str, read: Callable[[str], T], default: T, *, empty_is_absent: bool = False
    ) -> T:
        """Return a parameter's value, or the default where it is absent or faulty."""
        values = self._values.get(name, [])
        if empty_is_absent:
            values = [value for value in values if value]
        try:
            return read(_only(values).decode()) if values else default
        except UnicodeDecodeError:
            self.faults.append(_not_utf8(name))
        except (_Refused, InvalidTimestamp) as exc:
            self.faults.append(Fault(name, exc.code, str(exc)))
        return default

    def build(self, kind: Callable[..., T], **values: object) -> T | None:
        """Construct a value of the domain, or note what the domain says against it."""
        try:
            return kind(**values)
        except InvalidQuery as exc:
            self.faults += exc.faults
            return None


class _Refused(ValueError):
    def __init__(self, code: FaultCode, msg: str) -> None:
        super().__init__(msg)
        self.code = code


def _only(values: list[bytes]) -> bytes:
    if len(values) > 1:
        raise _Refused(FaultCode.REPEATED, "must be given once")
    return values[0]


def _phone_number(text: str) -> str:
    """Undo what form decoding does to an unescaped `+`; no phone number begins with a space."""
    return "+" + text[1:] if text.startswith(" ") else text


def _integer(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _Refused(FaultCode.NOT_AN_INTEGER, "must be a whole number in ASCII digits")
    return int(text.lstrip("0")[:_ENOUGH_DIGITS] or "0")


def _choice(choices: Mapping[str, T]) -> Callable[[str], T]:
    def read(text: str) -> T:
        if text not in choices:
            raise _Refused(FaultCode.NOT_A_CHOICE, f"must be {' or '.join(choices)}")
        return choices[text]

    return read


def _not_utf8(name: str) -> Fault:
    return Fault(name, FaultCode.INVALID_UTF8, "must be valid UTF-8")
