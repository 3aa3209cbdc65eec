"""What the address of a view says: the filters, the page, the message that is open."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from lyftr_core import MessageFilter, Order, PageRequest, format_timestamp, parse_timestamp
from lyftr_core.cursor import encode_cursor
from lyftr_core.message import check_message_id
from lyftr_core.selection import Position
from lyftr_core.use_cases.list import DEFAULT_LIMIT, MAX_LIMIT
from lyftr_http.exchange.query_string import QueryString

__all__ = ["FIELDS", "View", "read_view"]

FIELDS: Final = ("q", "from", "to", "since", "until")
"""The filters, by the names of their parameters."""
_LOCAL_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
"""What `<input type="datetime-local">` sends."""
_IN_NUMBERS: Final = re.compile(r"[\s().\-/]+")
"""What people put between the digits of a phone number."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown.

    Attributes:
        query: The filters.
        cursor: Where the page begins, or `None` for the newest.
        message_id: The message that is open, if any is.
    """

    query: MessageFilter = MessageFilter()
    cursor: str | None = None
    message_id: str | None = None

    @property
    def values(self) -> dict[str, str]:
        """The filters that are set, by the names of their parameters."""
        query = self.query
        values = {
            "q": query.q,
            "from": query.sender,
            "to": query.recipient,
            "since": _written(query.since),
            "until": _written(query.until),
        }
        return {name: value for name, value in values.items() if value is not None}

    @property
    def is_newest(self) -> bool:
        """Whether it begins with the newest message, so that new ones belong into it."""
        return self.cursor is None

    @property
    def page(self) -> PageRequest:
        """The page to ask for. What is dear to count is not counted."""
        is_cheap = len(self.values) <= 1 and self.query.q is None and self.is_newest
        limit = DEFAULT_LIMIT if self.is_newest else MAX_LIMIT
        return PageRequest(
            order=Order.DESCENDING, cursor=self.cursor, limit=limit, with_total=is_cheap
        )

    def search(self, **changes: str | None) -> str:
        """Return the query string of this view, with its question mark if there is anything in it.

        Args:
            **changes: Other values of parameters; `None` takes one out. A trailing underscore is
                left out (`from_`).
        """
        own = {**self.values, "cursor": self.cursor, "message": self.message_id}
        given = own | {name.rstrip("_"): value for name, value in changes.items()}
        present = {name: value for name, value in given.items() if value}
        return f"?{urlencode(present, quote_via=quote, safe=':')}" if present else ""


def read_view(query_string: bytes) -> tuple[View, dict[str, str], dict[str, str]]:
    """Read the address of a view.

    Args:
        query_string: As sent.

    Returns:
        The view without what is wrong, what was given for each filter, and what is wrong with
        which parameter, in words.
    """
    given = QueryString(query_string)
    texts = {name: given.get(name, str, "", empty_is_absent=True) for name in FIELDS}
    reading = {
        "q": given.get("q", str, None, empty_is_absent=True),
        "sender": given.get("from", _phone_number, None, empty_is_absent=True),
        "recipient": given.get("to", _phone_number, None, empty_is_absent=True),
        "since": given.get("since", _moment, None, empty_is_absent=True),
        "until": given.get("until", _moment, None, empty_is_absent=True),
    }
    query = given.build(MessageFilter, **reading) or MessageFilter()
    message_id = given.get("message", str, None, empty_is_absent=True)
    cursor = _cursor(given, query)
    if message_id and check_message_id(message_id):
        message_id = None
    faults = {fault.field or "": fault.msg for fault in given.faults}
    return View(query=query, cursor=cursor, message_id=message_id), texts, faults


def _cursor(given: QueryString, query: MessageFilter) -> str | None:
    """Return where the page begins: at a cursor, or behind a message that is named."""
    behind = given.get("behind", parse_timestamp, None, empty_is_absent=True)
    message_id = given.get("id", str, None, empty_is_absent=True)
    if behind and message_id and not check_message_id(message_id):
        return encode_cursor(Position(behind, message_id), query, Order.DESCENDING)
    return given.get("cursor", str, None, empty_is_absent=True)


def _phone_number(text: str) -> str:
    """Return a number as it is stored: people write it with spaces, and without its plus."""
    digits = _IN_NUMBERS.sub("", text)
    return f"+{digits}" if digits.isdigit() else digits


def _moment(text: str) -> datetime:
    if _LOCAL_TIME.fullmatch(text):
        text = f"{text}Z" if text.count(":") > 1 else f"{text}:00Z"
    return parse_timestamp(text)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else format_timestamp(moment)
