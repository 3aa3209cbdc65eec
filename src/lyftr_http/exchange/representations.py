"""The JSON that the routes answer with."""

from typing import Annotated, Literal

import msgspec

from lyftr_core import Fault, FaultCode, LogPage, Page
from lyftr_core.wire import MessageItem

__all__ = [
    "Accepted",
    "FaultItem",
    "Invalid",
    "Live",
    "MessageLog",
    "MessagePage",
    "Problem",
    "Ready",
    "Unready",
    "encode",
]

encode = msgspec.json.encode


class Accepted(msgspec.Struct, frozen=True):
    """The message is committed, now or earlier."""

    status: Literal["ok"]


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class Ready(msgspec.Struct, frozen=True):
    """Every check passed."""

    status: Literal["ok"]
    checks: dict[str, str]


class Unready(msgspec.Struct, frozen=True):
    """A check failed; `checks` says which."""

    detail: str
    checks: dict[str, str]


class Problem(msgspec.Struct, frozen=True):
    """What went wrong, in one sentence."""

    detail: str


class FaultItem(msgspec.Struct, frozen=True):
    """One thing that is wrong with the input."""

    loc: list[str]
    msg: str
    type: FaultCode

    @classmethod
    def of(cls, fault: Fault, place: str) -> "FaultItem":
        """Make the item of a fault found in `body`, `query`, `path` or `header`."""
        return cls([place, fault.field] if fault.field else [place], fault.msg, fault.code)


class Invalid(msgspec.Struct, frozen=True):
    """Everything that is wrong with the input."""

    detail: list[FaultItem]


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of messages."""

    items: list[MessageItem]
    total: int | None
    limit: int
    offset: int
    next_cursor: str | None

    @classmethod
    def of(cls, page: Page) -> "MessagePage":
        """Make the body of a page."""
        return cls(
            items=[MessageItem.of(stored) for stored in page.items],
            total=page.total,
            limit=page.limit,
            offset=page.offset,
            next_cursor=page.next_cursor,
        )


class MessageLog(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the messages in the order of commit."""

    items: list[MessageItem]
    total: None
    limit: int
    next_after: Annotated[int, msgspec.Meta(description="The next part is behind this `seq`.")]
    has_more: Annotated[bool, msgspec.Meta(description="Whether that part is there already.")]

    @classmethod
    def of(cls, page: LogPage) -> "MessageLog":
        """Make the body of a part of the log."""
        return cls(
            items=[MessageItem.of(stored) for stored in page.items],
            total=None,
            limit=page.limit,
            next_after=page.next_after,
            has_more=page.has_more,
        )
