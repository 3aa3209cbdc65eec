"""Reading messages back, a page of them or one; the statistics; and what conflicts there were."""

import msgspec

from lyftr_core.conflict import Conflict
from lyftr_core.cursor import decode_cursor, encode_cursor
from lyftr_core.errors import Fault, FaultCode, InvalidQuery
from lyftr_core.message import StoredMessage
from lyftr_core.ports import MessageReader
from lyftr_core.selection import MessageFilter, Order, Position, Selection, Stats

__all__ = [
    "DEFAULT_CONFLICTS",
    "DEFAULT_LIMIT",
    "MAX_CONFLICTS",
    "MAX_LIMIT",
    "MAX_OFFSET",
    "ComputeStats",
    "ConflictPage",
    "GetMessage",
    "ListConflicts",
    "ListMessages",
    "Page",
    "PageRequest",
    "check_range",
]


class ComputeStats:
    """Compute the statistics.

    Args:
        reader: Where the messages are.

    Example:
        >>> import asyncio
        >>> from lyftr_core import InMemoryMessageRepository
        >>> stats = asyncio.run(ComputeStats(InMemoryMessageRepository())())
        >>> stats.total_messages, stats.first_message_ts
        (0, None)
    """

    def __init__(self, reader: MessageReader) -> None:
        self._reader = reader

    async def __call__(self) -> Stats:
        """Return the statistics of this moment.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        return await self._reader.stats()


DEFAULT_LIMIT = 50
MAX_LIMIT = 100
MAX_OFFSET = 2**63 - 1
DEFAULT_CONFLICTS = 100
MAX_CONFLICTS = 10_000


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which page of the matches.

    Attributes:
        limit: At most how many messages, 1 to 100.
        offset: How many to leave out at the beginning, 0 to 2^63 - 1. `None` means 0.
        cursor: The `next_cursor` of an earlier page; it excludes `offset`.
        order: The order of the messages.
        with_total: Whether to count all matches, which may cost more than the page.

    Raises:
        InvalidQuery: One or more of these rules are broken; it names every fault.

    Example:
        >>> PageRequest(order=Order.DESCENDING, with_total=False).limit
        50
        >>> PageRequest(limit=101)
        Traceback (most recent call last):
        lyftr_core.errors.InvalidQuery: limit: must be from 1 to 100
    """

    limit: int = DEFAULT_LIMIT
    offset: int | None = None
    cursor: str | None = None
    order: Order = Order.ASCENDING
    with_total: bool = True

    def __post_init__(self) -> None:
        faults = [
            check_range(self.limit, "limit", 1, MAX_LIMIT),
            check_range(self.offset or 0, "offset", 0, MAX_OFFSET),
        ]
        if self.cursor and self.offset is not None:
            faults.append(Fault("offset", FaultCode.CONFLICTING, "must not be given with a cursor"))
        if any(faults):
            raise InvalidQuery([fault for fault in faults if fault])


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of messages.

    Attributes:
        items: The messages, in order.
        total: How many messages match in all; `None` if that was not asked.
        limit: The limit that was asked.
        offset: The offset that was asked; 0 for a page that a cursor began.
        next_cursor: Continues behind the last item; `None` if nothing follows it.
    """

    items: tuple[StoredMessage, ...]
    total: int | None
    limit: int
    offset: int
    next_cursor: str | None


class ListMessages:
    """List the messages that pass a filter, page by page.

    Args:
        reader: Where the messages are.

    Example:
        >>> import asyncio
        >>> from lyftr_core import InMemoryMessageRepository
        >>> list_messages = ListMessages(InMemoryMessageRepository())
        >>> page = asyncio.run(list_messages(MessageFilter(q="hello"), PageRequest(limit=10)))
        >>> page.total, page.next_cursor
        (0, None)
    """

    def __init__(self, reader: MessageReader) -> None:
        self._reader = reader

    async def __call__(self, query: MessageFilter, request: PageRequest) -> Page:
        """Return one page.

        Args:
            query: Which messages.
            request: Which page of them.

        Raises:
            InvalidQuery: The cursor is none of ours, or was given for another filter or order.
            StorageUnavailable: The store cannot answer now.
        """
        after = decode_cursor(request.cursor, query, request.order) if request.cursor else None
        offset = request.offset or 0
        matches = await self._reader.select(
            Selection(
                filter=query,
                order=request.order,
                limit=request.limit + 1,  # one more than asked tells whether anything follows
                offset=offset,
                after=after,
                with_total=request.with_total,
            )
        )
        items = matches.messages[: request.limit]
        return Page(
            items=items,
            total=matches.total,
            limit=request.limit,
            offset=offset,
            next_cursor=_cursor_behind(items[-1], query, request.order)
            if len(matches.messages) > len(items)
            else None,
        )


class GetMessage:
    """Get one message by its identifier.

    Args:
        reader: Where the messages are.

    Example:
        >>> import asyncio
        >>> from lyftr_core import InMemoryMessageRepository
        >>> asyncio.run(GetMessage(InMemoryMessageRepository())("m1")) is None
        True
    """

    def __init__(self, reader: MessageReader) -> None:
        self._reader = reader

    async def __call__(self, message_id: str) -> StoredMessage | None:
        """Return the message, or `None` if there is none with this identifier.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        return await self._reader.get(message_id)


class ConflictPage(msgspec.Struct, frozen=True):
    """The latest conflicts.

    Attributes:
        items: The conflicts, the latest first.
        has_more: Whether there are others behind them.
    """

    items: tuple[Conflict, ...]
    has_more: bool


class ListConflicts:
    """List the deliveries whose `message_id` was there already with other content.

    Args:
        reader: Where they were recorded.

    Example:
        >>> import asyncio
        >>> from lyftr_core import InMemoryMessageRepository
        >>> asyncio.run(ListConflicts(InMemoryMessageRepository())(limit=5))
        ConflictPage(items=(), has_more=False)
    """

    def __init__(self, reader: MessageReader) -> None:
        self._reader = reader

    async def __call__(self, limit: int = DEFAULT_CONFLICTS) -> ConflictPage:
        """Return the latest conflicts.

        Args:
            limit: At most how many, 1 to 10,000.

        Raises:
            InvalidQuery: The limit is none of these.
            StorageUnavailable: The store cannot answer now.
        """
        if fault := check_range(limit, "limit", 1, MAX_CONFLICTS):
            raise InvalidQuery([fault])
        found = await self._reader.conflicts(limit + 1)  # one more tells whether there are others
        return ConflictPage(found[:limit], len(found) > limit)


def _cursor_behind(stored: StoredMessage, query: MessageFilter, order: Order) -> str:
    last = stored.message
    return encode_cursor(Position(last.ts, last.message_id), query, order)


def check_range(value: object, field: str, lowest: int, highest: int) -> Fault | None:
    """Check that a whole number lies between two others, or is one of them."""
    if not isinstance(value, int):
        return Fault(field, FaultCode.NOT_AN_INTEGER, "must be a whole number")
    if lowest <= value <= highest:
        return None
    return Fault(field, FaultCode.OUT_OF_RANGE, f"must be from {lowest} to {highest}")
