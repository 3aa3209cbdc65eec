"""A repository and the one in memory: each call goes to both, and the answers must be equal."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from lyftr_core.memory import InMemoryMessageRepository
from lyftr_core.message import AddOutcome, Message, StoredMessage
from lyftr_core.ports import MessageReader, MessageRemover, MessageWriter
from lyftr_core.removal import Removal
from lyftr_core.selection import MessageFilter, Order, Selection
from lyftr_core.testing.opening import follow_log
from lyftr_core.use_cases.list import ListMessages, PageRequest
from lyftr_core.use_cases.remove import RemoveMessages

__all__ = ["SideBySide"]

_MOST_PAGES = 1_000
"""More than a run of the machine fills; an adapter that repeats itself has no last page."""


class SideBySide:
    """Asks a repository and the reference the same.

    Args:
        writer: The repository's.
        reader: The repository's.
        reference: What it is compared with.
        seqs: The `seq` of each message as it was first seen: it stays, and new ones are above.
    """

    def __init__(
        self,
        writer: MessageWriter,
        reader: MessageReader,
        reference: InMemoryMessageRepository,
        seqs: dict[str, int],
    ) -> None:
        self.writer = writer
        self.reader = reader
        self.reference = reference
        self.seqs = seqs

    async def add(self, message: Message, received_at: datetime) -> None:
        """Add a message to both."""
        outcome = await self.writer.add(message, received_at=received_at)
        assert outcome is await self.reference.add(message, received_at=received_at)
        await self.get(message.message_id)

    async def add_at_once(self, messages: Sequence[Message], received_at: datetime) -> None:
        """Add messages to the repository at once, then to the reference in the order it chose."""
        outcomes = await asyncio.gather(
            *(self.writer.add(message, received_at=received_at) for message in messages)
        )
        created = AddOutcome.CREATED
        winners = [m for m, outcome in zip(messages, outcomes, strict=True) if outcome is created]
        expected = {message.message_id for message in messages} - self.seqs.keys()
        assert sorted(message.message_id for message in winners) == sorted(expected)
        for message in await self._in_order_of_commit(winners):
            await self.reference.add(message, received_at=received_at)
            await self.get(message.message_id)
        for message, outcome in zip(messages, outcomes, strict=True):
            if outcome is not created:
                assert outcome is await self.reference.add(message, received_at=received_at)

    async def get(self, message_id: str) -> None:
        """Get a message from both; its `seq` stays, and is above all that came before."""
        stored, expected = await self.reader.get(message_id), await self.reference.get(message_id)
        assert (stored and _content(stored)) == (expected and _content(expected))
        if stored and message_id not in self.seqs:
            assert stored.seq > max(self.seqs.values(), default=-1)
        assert stored is None or stored.seq == self.seqs.setdefault(message_id, stored.seq)

    async def select(self, selection: Selection) -> None:
        """Select from both."""
        matches, expected = (
            await self.reader.select(selection),
            await self.reference.select(selection),
        )
        self._compare(matches.messages, expected.messages)
        assert matches.total == expected.total

    async def read_all_pages(self, query: MessageFilter, order: Order, limit: int) -> None:
        """Follow the cursors of the repository to the last page, beside those of the reference."""
        ask, ask_reference = ListMessages(self.reader), ListMessages(self.reference)
        request = PageRequest(limit=limit, order=order)
        for _ in range(_MOST_PAGES):
            page, expected = await ask(query, request), await ask_reference(query, request)
            self._compare(page.items, expected.items)
            assert (page.total, page.next_cursor) == (expected.total, expected.next_cursor)
            if page.next_cursor is None:
                return
            request = PageRequest(limit=limit, order=order, cursor=page.next_cursor)
        raise AssertionError("the pages do not come to an end")

    async def follow_log(self, query: MessageFilter, limit: int, behind: str | None) -> None:
        """Read both logs to their end, behind a message if there is one with that identifier."""
        known = behind if behind in self.seqs else None
        run, expected = [
            [
                stored
                async for run in follow_log(
                    reader, query, after=await _seq(reader, known), limit=limit
                )
                for stored in run.messages
            ]
            for reader in (self.reader, self.reference)
        ]
        self._compare(run, expected)
        assert await self.reader.last_seq() >= max(self.seqs.values(), default=0)

    async def stats(self) -> None:
        """Ask both for the statistics."""
        assert await self.reader.stats() == await self.reference.stats()

    async def conflicts(self, limit: int) -> None:
        """Ask both for the conflicts."""
        assert await self.reader.conflicts(limit) == await self.reference.conflicts(limit)

    async def remove(self, remover: MessageRemover, removal: Removal, *, scrub: bool) -> None:
        """Remove the same from both."""
        remove, remove_from_reference = RemoveMessages(remover), RemoveMessages(self.reference)
        count = await remove.count(removal)
        assert count == await remove_from_reference.count(removal)
        assert count == await remove(removal) == await remove_from_reference(removal)
        if scrub:
            assert await remove.scrub()
        assert await remove.count(removal) == 0

    async def _in_order_of_commit(self, messages: Sequence[Message]) -> list[Message]:
        seqs = {}
        for message in messages:
            stored = await self.reader.get(message.message_id)
            assert stored is not None
            seqs[message.message_id] = stored.seq
        return sorted(messages, key=lambda message: seqs[message.message_id])

    def _compare(self, run: Sequence[StoredMessage], expected: Sequence[StoredMessage]) -> None:
        # First who, since that reads best in a failure.
        assert [_id(stored) for stored in run] == [_id(stored) for stored in expected]
        assert [_content(stored) for stored in run] == [_content(stored) for stored in expected]
        assert [stored.seq for stored in run] == [self.seqs[_id(stored)] for stored in run]


async def _seq(reader: MessageReader, message_id: str | None) -> int:
    stored = await reader.get(message_id) if message_id else None
    return stored.seq if stored else 0


def _id(stored: StoredMessage) -> str:
    return stored.message.message_id


# `seq` may have gaps: the reference has its own.
def _content(stored: StoredMessage) -> tuple[Message, datetime]:
    return stored.message, stored.received_at
