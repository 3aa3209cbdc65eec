"""What the domain asks of the outside. An adapter implements these; the domain knows no other.

`lyftr_core.testing.RepositoryContract` checks an adapter against everything said here, and
`lyftr_core.memory.InMemoryMessageRepository` is the reference.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from lyftr_core.conflict import Conflict
from lyftr_core.message import AddOutcome, Message, StoredMessage
from lyftr_core.removal import Removal, RemovalStep
from lyftr_core.selection import LogRun, LogSelection, Matches, Selection, Stats

__all__ = ["Clock", "MessageReader", "MessageRemover", "MessageWriter", "ReadinessProbe"]

Clock = Callable[[], datetime]
"""Returns the present moment as an aware datetime in UTC."""


class MessageWriter(Protocol):
    """Appends messages to the log, each `message_id` once."""

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        """Store a message if its `message_id` is new.

        When this returns, a row with this `message_id` is committed and survives a crash of
        the process and of the machine. Every reader sees it from then on.

        Calls may run concurrently. Of several with one `message_id` exactly one is `CREATED`,
        whether they come one after another or at once; the others are `DUPLICATE` or, where a
        field differs from the stored one, `CONFLICT`. What is stored never changes, and goes only
        by a `MessageRemover`.

        Each `CONFLICT` is recorded, as durably, before this returns; `MessageReader.conflicts`
        lists them.

        Args:
            message: What to store.
            received_at: When it was received, aware, in UTC. It is no part of the message: a
                redelivery received later is a duplicate.

        Returns:
            What was done.

        Raises:
            StorageUnavailable: Nothing is promised: the message may or may not have been stored.
                Adding it again is safe; a conflict may then be counted once more.

        Cancelling a call may leave its message stored or not, and affects no other call.
        """
        ...


class MessageReader(Protocol):
    """Reads what is committed."""

    async def get(self, message_id: str) -> StoredMessage | None:
        """Return the message with this identifier, or `None`.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        ...

    async def select(self, selection: Selection) -> Matches:
        """Return a run of messages, and how many match in all.

        Messages come in the order of `ts`, then of `message_id` by Unicode code point, or in the
        exact reverse. The messages and the total are of one moment.

        Args:
            selection: Which messages, from where, and how many.

        Returns:
            At most `selection.limit` messages; none where the selection begins behind the last.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        ...

    async def read_log(self, selection: LogSelection) -> LogRun:
        """Return a run of messages in the order of commit, which is that of `seq`.

        Whoever asks again behind `LogRun.through`, as long as there is more, gets each message
        that passes the filter once, and none is left out: no message is ever committed with a
        `seq` below one that a reader has seen.

        An adapter need not look through the whole log at once. It may stop anywhere behind
        `selection.after`, however few messages it has found, and says with `LogRun.through` where.
        Where there is more, `through` is above `after`.

        Args:
            selection: Which messages, from where, and how many. That `after` lies beyond the last
                message is no error: nothing follows it then.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        ...

    async def last_seq(self) -> int:
        """Return a `seq` that no committed message is above, and every later one will be.

        It is that of the last message, or 0 where there was none. It costs little.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        ...

    async def stats(self) -> Stats:
        """Return statistics over all messages, all of one moment.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        ...

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        """Return what was recorded of conflicting deliveries.

        There is one entry for each `message_id` and set of differing fields, however many
        deliveries it stands for. The latest `last_received_at` comes first; where it is the same,
        the order is that of `message_id`, then of `fields`, by Unicode code point.

        Args:
            limit: At most how many entries, from 1.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        ...


class MessageRemover(Protocol):
    """Removes the content of messages for good. A store need not be able to.

    A removed message is in no answer of a `MessageReader`. Of it stay its `message_id`, its `seq`
    and its `lyftr_core.content_hash`: added again it is a `DUPLICATE`, and with other content a
    `CONFLICT`, which is recorded with no fields, since nobody knows any more which differ. What
    was recorded of its conflicts before stays.
    `lyftr_core.testing.RemovalContract` checks an adapter against everything said here.
    """

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        """Remove some messages, in a step so short that those who add or read hardly wait.

        When this returns, it is committed as a message that was added is.

        Args:
            removal: Which messages.
            after: Only those with a higher `seq`; 0, and then `through` of the step before.

        Returns:
            What was done; perhaps nothing was to be removed, and it came further nevertheless.

        Raises:
            StorageUnavailable: The step may or may not have been done. To do it again is safe.
        """
        ...

    async def count(self, removal: Removal) -> int:
        """Return how many messages there are to remove.

        Raises:
            StorageUnavailable: The store cannot answer now.
        """
        ...

    async def scrub(self) -> bool:
        """Clear away what the store still holds of removed messages, outside of its answers.

        That is whatever it keeps for itself: indexes, logs, free space. It goes in short steps,
        and is soon done where nothing was removed since the last time.

        Returns:
            Whether nothing is left. Somebody who reads what was there before may keep it.

        Raises:
            StorageUnavailable: Something may be left. To do it again is safe.
        """
        ...


class ReadinessProbe(Protocol):
    """Tells whether one thing the service needs is there."""

    async def check(self) -> str | None:
        """Return `None` if all is well, else a few words that say what is missing.

        The words may be shown to anyone: no secrets, no paths. It never raises.
        """
        ...
