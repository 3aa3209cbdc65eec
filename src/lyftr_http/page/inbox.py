"""What the pages ask of the use cases."""

from collections.abc import Awaitable, Callable

import msgspec

from lyftr_core import ComputeStats, GetMessage, InvalidQuery, ListMessages
from lyftr_http.exchange.in_flight import InFlight
from lyftr_http.page.content import Detail, Results, StatsPanel
from lyftr_http.page.view import View, read_view

__all__ = ["Inbox", "SearchOutcome"]


class SearchOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an address.

    Attributes:
        view: What it says, without what is wrong.
        texts: What was given for each filter.
        faults: What is wrong with which parameter, in words.
        results: What was found, `None` if something is wrong.
    """

    view: View
    texts: dict[str, str]
    faults: dict[str, str]
    results: Results | None

    @property
    def status(self) -> int:
        """The status of the answer that shows it."""
        return 422 if self.faults else 200


class Inbox:
    """The inbox, as people see it.

    Args:
        list_messages: Gives the list.
        get_message: Gives a message.
        compute_stats: Gives the figures.
        last_seq: Tells the end of the log.
        in_flight: Limits how many reads there are at once.
    """

    def __init__(
        self,
        list_messages: ListMessages,
        get_message: GetMessage,
        compute_stats: ComputeStats,
        last_seq: Callable[[], Awaitable[int]],
        in_flight: InFlight,
    ) -> None:
        self._list_messages = list_messages
        self._get_message = get_message
        self._compute_stats = compute_stats
        self._last_seq = last_seq
        self._in_flight = in_flight

    async def find(self, query_string: bytes) -> SearchOutcome:
        """Return what an address asks for, or what is wrong with it.

        Args:
            query_string: As sent.

        Raises:
            StorageUnavailable: The store cannot answer now.
            TooManyInFlight: There are too many reads.
        """
        view, texts, faults = read_view(query_string)
        results = None
        if not faults:
            try:
                results = await self.results(view)
            except InvalidQuery as exc:
                faults = {fault.field or "": fault.msg for fault in exc.faults}
        return SearchOutcome(view=view, texts=texts, faults=faults, results=results)

    async def results(self, view: View) -> Results:
        """Return what a view finds.

        Raises:
            InvalidQuery: Its cursor is none of ours, or was given for another view.
            StorageUnavailable: The store cannot answer now.
            TooManyInFlight: There are too many reads.
        """
        with self._in_flight:
            # First, so that what is committed in between comes by the stream.
            seq = await self._last_seq()
            page = await self._list_messages(view.query, view.page)
        return Results.of(page, view, seq)

    async def detail(self, view: View) -> Detail | None:
        """Return the message that is open, or `None` if there is no such message.

        Raises:
            StorageUnavailable: The store cannot answer now.
            TooManyInFlight: There are too many reads.
        """
        if view.message_id is None:
            return None
        with self._in_flight:
            stored = await self._get_message(view.message_id)
        return Detail.of(stored, view.query.q) if stored else None

    async def figures(self) -> StatsPanel:
        """Return the figures over all messages.

        Raises:
            StorageUnavailable: The store cannot answer now.
            TooManyInFlight: There are too many reads.
        """
        with self._in_flight:
            return StatsPanel.of(await self._compute_stats())
