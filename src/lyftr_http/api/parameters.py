"""Query strings and paths, read strictly: every fault is named, and nothing is guessed.

Litestar's own reading cannot tell a slash from `%2F`, and knows of no two parameters that exclude
each other.
"""

from urllib.parse import unquote_to_bytes

from lyftr_core import (
    Fault,
    FaultCode,
    InvalidQuery,
    LogRequest,
    MessageFilter,
    Order,
    PageRequest,
    parse_timestamp,
)
from lyftr_core.message import check_message_id
from lyftr_core.use_cases.follow import MAX_SEQ
from lyftr_core.use_cases.list import DEFAULT_LIMIT, check_range
from lyftr_http.exchange.errors import InvalidHeader, InvalidPath
from lyftr_http.exchange.headers import Headers, header_values
from lyftr_http.exchange.query_string import (
    QueryString,
    Refused,
    choice,
    integer,
    not_utf8,
)

__all__ = [
    "LAST_EVENT_ID",
    "read_list_query",
    "read_message_id",
    "read_stream_query",
]

LAST_EVENT_ID = "Last-Event-ID"
"""What a client sends that comes again, and `EventSource` by itself."""

_NAMES = (
    *("from", "to", "since", "until", "q"),
    *("order", "limit", "offset", "cursor", "after", "total"),
)
"""The parameters of `GET /messages`, in the order in which their faults are named."""
_OF_PAGES = ("order", "offset", "cursor", "total")
"""Those that say something else than the order of commit, or ask what it does not tell."""
_TRUTH = {"true": True, "false": False}
_ORDERS = {order.value: order for order in Order}


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
        raise InvalidPath([not_utf8("message_id")]) from None
    if fault := check_message_id(message_id):
        raise InvalidPath([fault])
    return message_id


def read_list_query(query_string: bytes) -> tuple[MessageFilter, PageRequest | LogRequest]:
    """Read the parameters of `GET /messages`. Unknown ones are ignored.

    Args:
        query_string: As sent.

    Returns:
        Which messages, and which page of them; or, with `after`, which part of the log.

    Raises:
        InvalidQuery: It names every fault.
    """
    given = QueryString(query_string)
    query = _filter(given)
    request = _log_request(given) if given.has("after") else _page_request(given)
    if query is None or request is None or given.faults:
        raise InvalidQuery(sorted(given.faults, key=lambda fault: _NAMES.index(fault.field or "")))
    return query, request


def read_stream_query(query_string: bytes, headers: Headers) -> tuple[MessageFilter, int | None]:
    """Read the parameters of `GET /stream`. Unknown ones are ignored.

    Args:
        query_string: As sent.
        headers: Those of the request, the names in lower case.

    Returns:
        Which messages, and behind which `seq`: what `Last-Event-ID` says, else `after`, else
        `None`.

    Raises:
        InvalidQuery: It names every fault.
        InvalidHeader: `Last-Event-ID` is no `seq`.
    """
    given = QueryString(query_string)
    query = _filter(given)
    after = given.get("after", integer, None)
    if after is not None and (fault := check_range(after, "after", 0, MAX_SEQ)):
        given.faults.append(fault)
    if query is None or given.faults:
        raise InvalidQuery(sorted(given.faults, key=lambda fault: _NAMES.index(fault.field or "")))
    last = _last_event_id(headers)
    return query, after if last is None else last


def _last_event_id(headers: Headers) -> int | None:
    name = LAST_EVENT_ID.lower().encode()
    values = [value for value in header_values(headers, name) if value]
    if not values:
        return None
    try:
        seq = integer(values[0].decode("latin-1"))
    except Refused as exc:
        raise InvalidHeader([Fault(LAST_EVENT_ID, exc.code, str(exc))]) from None
    if len(values) > 1:
        raise InvalidHeader([Fault(LAST_EVENT_ID, FaultCode.REPEATED, "must be given once")])
    if fault := check_range(seq, LAST_EVENT_ID, 0, MAX_SEQ):
        raise InvalidHeader([fault])
    return seq


def _filter(given: QueryString) -> MessageFilter | None:
    return given.build(
        MessageFilter,
        sender=given.get("from", _phone_number, None, empty_is_absent=True),
        recipient=given.get("to", _phone_number, None, empty_is_absent=True),
        since=given.get("since", parse_timestamp, None, empty_is_absent=True),
        until=given.get("until", parse_timestamp, None, empty_is_absent=True),
        q=given.get("q", str, None, empty_is_absent=True),
    )


def _page_request(given: QueryString) -> PageRequest | None:
    return given.build(
        PageRequest,
        limit=given.get("limit", integer, DEFAULT_LIMIT),
        offset=given.get("offset", integer, None),
        cursor=given.get("cursor", str, None, empty_is_absent=True),
        order=given.get("order", choice(_ORDERS), Order.ASCENDING),
        with_total=given.get("total", choice(_TRUTH), default=True),
    )


def _log_request(given: QueryString) -> LogRequest | None:
    given.faults += [
        Fault(name, FaultCode.CONFLICTING, "must not be given with after")
        for name in _OF_PAGES
        if given.has(name, empty_is_absent=name == "cursor")
    ]
    return given.build(
        LogRequest,
        after=given.get("after", integer, 0),
        limit=given.get("limit", integer, DEFAULT_LIMIT),
    )


def _phone_number(text: str) -> str:
    """Undo what form decoding does to an unescaped `+`; no phone number begins with a space."""
    return "+" + text[1:] if text.startswith(" ") else text
