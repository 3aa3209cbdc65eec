"""The ports in memory: the reference for every adapter, and the fake for tests."""

from collections import Counter
from datetime import datetime

from lyftr_core.conflict import Conflict, differing_fields
from lyftr_core.message import AddOutcome, Message, StoredMessage
from lyftr_core.removal import Removal, RemovalStep, content_hash
from lyftr_core.selection import (
    BUSIEST_SENDERS,
    HourCount,
    LogRun,
    LogSelection,
    Matches,
    Order,
    Position,
    Selection,
    SenderCount,
    Stats,
    recent_hours,
)
from lyftr_core.timestamps import require_aware

__all__ = ["InMemoryMessageRepository"]


class InMemoryMessageRepository:
    """Keeps messages in a dictionary. It implements every port, and nothing outlives it.

    Example:
        >>> import asyncio
        >>> repository = InMemoryMessageRepository()
        >>> asyncio.run(repository.stats()).total_messages
        0
    """

    def __init__(self) -> None:
        self._stored: dict[str, StoredMessage] = {}
        self._conflicts: dict[tuple[str, tuple[str, ...]], Conflict] = {}
        self._removed: dict[str, int] = {}
        self._last_seq = 0

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        """Store a message if its identifier is new; see `lyftr_core.ports.MessageWriter`."""
        require_aware(received_at, "received_at must be")
        known = self._stored.get(message.message_id)
        if known:
            fields = differing_fields(known.message, message)
            return self._compare(message, received_at, fields, is_same=not fields)
        removed = self._removed.get(message.message_id)
        if removed is not None:
            return self._compare(message, received_at, (), is_same=removed == content_hash(message))
        self._last_seq += 1
        self._stored[message.message_id] = StoredMessage(
            message=message, received_at=received_at, seq=self._last_seq
        )
        return AddOutcome.CREATED

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return one message; see `lyftr_core.ports.MessageReader`."""
        return self._stored.get(message_id)

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages; see `lyftr_core.ports.MessageReader`."""
        descending = selection.order == Order.DESCENDING
        passing = sorted(
            (s for s in self._stored.values() if selection.filter.matches(s.message)),
            key=_place,
            reverse=descending,
        )
        run = [s for s in passing if _is_behind(s, selection.after, descending=descending)]
        return Matches(
            tuple(run[selection.offset : selection.offset + selection.limit]),
            len(passing) if selection.with_total else None,
        )

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of the log; see `lyftr_core.ports.MessageReader`."""
        behind = [s for s in self._stored.values() if s.seq > selection.after]
        passing = [s for s in behind if selection.filter.matches(s.message)]
        run = tuple(passing[: selection.limit])
        if len(passing) > len(run):
            return LogRun(messages=run, through=run[-1].seq, has_more=True)
        through = max(selection.after, await self.last_seq())
        return LogRun(messages=run, through=through, has_more=False)

    async def last_seq(self) -> int:
        """Return the `seq` of the last message; see `lyftr_core.ports.MessageReader`."""
        return self._last_seq

    async def stats(self) -> Stats:
        """Return the statistics; see `lyftr_core.ports.MessageReader`."""
        messages = [stored.message for stored in self._stored.values()]
        counts = Counter(message.sender for message in messages)
        busiest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:BUSIEST_SENDERS]
        moments = [message.ts for message in messages]
        last = max(moments, default=None)
        return Stats(
            total_messages=len(messages),
            senders_count=len(counts),
            messages_per_sender=tuple(SenderCount(*item) for item in busiest),
            first_message_ts=min(moments, default=None),
            last_message_ts=last,
            messages_per_hour=_per_hour(moments, last) if last else (),
        )

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        """Return the conflicts; see `lyftr_core.ports.MessageReader`."""
        by_name = sorted(self._conflicts.values(), key=lambda c: (c.message_id, c.fields))
        by_time = sorted(by_name, key=lambda c: c.last_received_at, reverse=True)
        return tuple(by_time[:limit])

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        """Remove messages, all in one step; see `lyftr_core.ports.MessageRemover`."""
        going = [s for s in self._stored.values() if s.seq > after and removal.matches(s)]
        for stored in going:
            self._removed[stored.message.message_id] = content_hash(stored.message)
            del self._stored[stored.message.message_id]
        return RemovalStep(len(going), self._last_seq, self._last_seq)

    async def count(self, removal: Removal) -> int:
        """Return how many there are to remove; see `lyftr_core.ports.MessageRemover`."""
        return sum(map(removal.matches, self._stored.values()))

    async def scrub(self) -> bool:
        """Nothing is left in memory; see `lyftr_core.ports.MessageRemover`."""
        return True

    async def check(self) -> str | None:
        """Memory is always ready; see `lyftr_core.ports.ReadinessProbe`."""
        return None

    def _compare(
        self, message: Message, received_at: datetime, fields: tuple[str, ...], *, is_same: bool
    ) -> AddOutcome:
        if is_same:
            return AddOutcome.DUPLICATE
        self._record(message.message_id, fields, received_at)
        return AddOutcome.CONFLICT

    def _record(self, message_id: str, fields: tuple[str, ...], received_at: datetime) -> None:
        known = self._conflicts.get((message_id, fields))
        self._conflicts[message_id, fields] = Conflict(
            message_id=message_id,
            fields=fields,
            first_received_at=min(known.first_received_at, received_at) if known else received_at,
            last_received_at=max(known.last_received_at, received_at) if known else received_at,
            deliveries=known.deliveries + 1 if known else 1,
        )


def _per_hour(moments: list[datetime], last: datetime) -> tuple[HourCount, ...]:
    counts = Counter(moment.replace(minute=0, second=0, microsecond=0) for moment in moments)
    return tuple(HourCount(hour, counts[hour]) for hour in recent_hours(last))


def _place(stored: StoredMessage) -> tuple[datetime, str]:
    return stored.message.ts, stored.message.message_id


def _is_behind(stored: StoredMessage, after: Position | None, *, descending: bool) -> bool:
    if after is None:
        return True
    mark = (after.ts, after.message_id)
    return _place(stored) < mark if descending else _place(stored) > mark
