"""Following the log: messages in the order of commit, for whoever wants each of them once."""

import msgspec

from lyftr_core.errors import InvalidQuery
from lyftr_core.message import StoredMessage
from lyftr_core.ports import MessageReader
from lyftr_core.selection import LogSelection, MessageFilter
from lyftr_core.use_cases.list import DEFAULT_LIMIT, MAX_LIMIT, check_range

__all__ = ["MAX_SEQ", "LogPage", "LogRequest", "ReadLog"]

MAX_SEQ = 2**63 - 1


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the log.

    Attributes:
        after: Begin behind this `seq`, 0 to 2^63 - 1; 0 is before the first message.
        limit: At most how many messages, 1 to 100.

    Raises:
        InvalidQuery: One or more of these rules are broken; it names every fault.

    Example:
        >>> LogRequest(after=7).limit
        50
        >>> LogRequest(after=-1)
        Traceback (most recent call last):
        lyftr_core.errors.InvalidQuery: after: must be from 0 to 9223372036854775807
    """

    after: int = 0
    limit: int = DEFAULT_LIMIT

    def __post_init__(self) -> None:
        faults = [
            check_range(self.after, "after", 0, MAX_SEQ),
            check_range(self.limit, "limit", 1, MAX_LIMIT),
        ]
        if any(faults):
            raise InvalidQuery([fault for fault in faults if fault])


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the log.

    Attributes:
        items: The messages, by `seq` ascending.
        limit: The limit that was asked.
        next_after: Continues behind this part, now or whenever: every message that passes the
            filter and is not behind it has been given.
        has_more: Whether there is more of the log behind it by now. A part may be short, or have
            no message at all, and others still follow.
    """

    items: tuple[StoredMessage, ...]
    limit: int
    next_after: int
    has_more: bool


class ReadLog:
    """Read the messages that pass a filter in the order of commit, part by part.

    That order has no surprises: what comes late with an early `ts` comes last all the same. To ask
    again and again behind `next_after` gives each message once and leaves none out.

    Args:
        reader: Where the messages are.

    Example:
        >>> import asyncio
        >>> from lyftr_core import InMemoryMessageRepository
        >>> read_log = ReadLog(InMemoryMessageRepository())
        >>> page = asyncio.run(read_log(MessageFilter(), LogRequest(after=7)))
        >>> page.next_after, page.has_more
        (7, False)
    """

    def __init__(self, reader: MessageReader) -> None:
        self._reader = reader

    async def __call__(self, query: MessageFilter, request: LogRequest) -> LogPage:
        """Return one part.

        Args:
            query: Which messages.
            request: Which part of the log.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        run = await self._reader.read_log(
            LogSelection(filter=query, after=request.after, limit=request.limit)
        )
        return LogPage(
            items=run.messages,
            limit=request.limit,
            next_after=run.through,
            has_more=run.has_more,
        )
