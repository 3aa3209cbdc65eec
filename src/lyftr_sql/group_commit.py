"""Group commit: the messages that arrive while one commit is under way share the next.

One task writes. A caller waits in `add` until the commit that holds its message is done, so a
webhook costs a share of a disk sync rather than a whole one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from lyftr_core.database import Commit
from lyftr_core.errors import DataRefused, StorageUnavailable
from lyftr_core.message import AddOutcome, Message
from lyftr_sql.rows import Row, to_row

__all__ = ["HANGS", "MAX_BATCH", "MAX_WAITING", "BatchStore", "GroupCommitWriter"]

MAX_BATCH = 1_000
"""At most how many messages share one commit."""
MAX_WAITING = 10_000
"""At most how many messages wait for their commit; beyond that `add` refuses at once."""
HANGS = 5.0
"""A commit under way for so many seconds counts as failed, as far as a check is concerned."""

_QUIET_TURNS = 3
"""A batch is complete when so many turns of the event loop have brought no message."""
_LONGEST_WAIT = 0.005
"""Nor is it held up for longer, where messages come in every turn; in seconds."""
_LONGEST_SEARCH = 1.0
"""For so long the writer looks for the messages that their batch failed for, in seconds."""


class _Waiting(NamedTuple):
    row: Row
    outcome: asyncio.Future[AddOutcome]


class BatchStore(Protocol):
    """Where batches are committed. The writer uses it for one batch at a time."""

    async def insert(self, batch: Sequence[Row]) -> list[AddOutcome]:
        """Store every row whose identifier is new, all in one durable transaction, or none.

        Args:
            batch: At least one row. An identifier may come more than once.

        Returns:
            What became of each row, in the order of the batch.

        Raises:
            DataRefused: The failure is one of what the rows hold; without some of them the others
                can be stored.
        """
        ...

    async def check(self) -> None:
        """Find out whether a batch can be committed again, if the last one failed.

        It may be called while a batch is being stored, and holds up neither that batch nor the
        next one for longer than a moment.

        Raises:
            StorageUnavailable: It cannot.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open; a later use opens it anew."""
        ...

    def holds_up_others(self, failure: Exception) -> bool:
        """Tell whether every batch behind a failed one would wait as long again, to fail too."""
        ...

    def reason(self, failure: Exception) -> str:
        """Return what those who are refused are told: nothing that a message holds."""
        ...


_NOT_OPEN = "the store is not open; use it within `async with store:`"


class GroupCommitWriter:
    """The `MessageWriter` port over what commits batches. It is used in one event loop.

    Args:
        store: Commits them.
        on_commit: Told after each commit.
        max_batch: At most how many messages share one commit.
        max_waiting: At most how many messages wait for their commit.
    """

    def __init__(
        self,
        store: BatchStore,
        *,
        on_commit: Callable[[Commit], None] = lambda _commit: None,
        max_batch: int = MAX_BATCH,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._store = store
        self._on_commit = on_commit
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._waiting: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop  # kept: to ask for it costs a call of the system
        self._closing = False
        self._began: float | None = None

    @property
    def waiting(self) -> int:
        """How many messages wait for their commit; those of a commit under way not counted."""
        return len(self._waiting)

    @property
    def _is_writing(self) -> bool:
        return self._task is not None and not self._task.done() and not self._closing

    async def open(self) -> None:
        """Begin to write, for the first time or again after `close`."""
        if self._task is None or self._task.done():
            self._closing = False
            self._loop = asyncio.get_running_loop()
            self._arrived = asyncio.Event()
            self._task = asyncio.create_task(self._write_until_closed(), name="lyftr-writer")

    async def close(self) -> None:
        """Refuse new messages, commit those that wait, and end. A second call does nothing.

        Once a commit fails, those behind it are refused, so that it takes no longer than that.
        """
        self._closing = True
        self._arrived.set()
        if self._task and not self._task.done():
            await asyncio.shield(self._task)  # whoever gives up waiting leaves it to finish

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        """Store a message once; see `lyftr_core.ports.MessageWriter`.

        Raises:
            StorageUnavailable: The commit failed, too many messages wait, the writer is closed, or
                the store does not take this very message.
        """
        if not self._is_writing:
            raise StorageUnavailable(_NOT_OPEN if self._task is None else "the writer is closed")
        if len(self._waiting) >= self._max_waiting:
            raise StorageUnavailable("too many messages wait to be committed")
        # Made here, where a fault in it is this caller's alone.
        row = to_row(message, received_at)
        outcome: asyncio.Future[AddOutcome] = self._loop.create_future()
        self._waiting.append(_Waiting(row, outcome))
        self._arrived.set()
        return await outcome

    async def check(self) -> str | None:
        """Return `None` if a message can be committed now as far as is known, else why not.

        After a failed commit it tries a small one, so that the answer changes once the fault is
        gone, messages or not. No message waits for that.
        """
        if not self._is_writing:
            return "closed"
        if self._began is not None and self._loop.time() - self._began > HANGS:
            return "cannot commit"
        try:
            await self._store.check()
        except StorageUnavailable:
            return "cannot commit"
        return None

    async def _write_until_closed(self) -> None:
        try:
            while not self._closing or self._waiting:
                await self._arrived.wait()
                self._arrived.clear()
                while self._waiting:
                    await self._let_others_join()
                    failure = await self._write(self._take_batch())
                    if failure and (self._closing or self._store.holds_up_others(failure)):
                        self._refuse_those_behind(failure)
            await self._store.close()
        finally:
            self._refuse(self._waiting, StorageUnavailable("the writer was stopped"))

    async def _let_others_join(self) -> None:
        """Wait while messages come: a commit costs the same for many, and holds up those it misses.

        Where nobody comes, these few turns of the event loop take microseconds.
        """
        latest = self._loop.time() + _LONGEST_WAIT
        quiet = 0
        while quiet < _QUIET_TURNS and len(self._waiting) < self._max_batch:
            if self._loop.time() > latest:
                return
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet = 0 if len(self._waiting) > before else quiet + 1

    def _take_batch(self) -> list[_Waiting]:
        size = min(len(self._waiting), self._max_batch)
        return [self._waiting.popleft() for _ in range(size)]

    def _refuse_those_behind(self, failure: Exception) -> None:
        """Refuse all that wait: each batch of them would wait as long again."""
        self._refuse(self._waiting, failure)
        self._waiting.clear()

    async def _write(self, batch: list[_Waiting]) -> Exception | None:
        """Commit a batch and answer each of its callers; whatever fails, the writer goes on.

        What the store does not take is halved until only the messages to blame are left out.

        Returns:
            Why messages were refused that the store might take, if any were.
        """
        try:
            return await self._write_in_parts(batch)
        except asyncio.CancelledError:
            self._refuse(batch, StorageUnavailable("the writer was stopped"))
            raise

    async def _write_in_parts(self, batch: list[_Waiting]) -> Exception | None:
        latest = self._loop.time() + _LONGEST_SEARCH
        parts, given_up = [batch], None
        while parts:
            part = parts.pop()
            failure = await self._commit(part)
            if failure is None:
                continue
            if not isinstance(failure, DataRefused):
                self._refuse(batch, failure)  # those that have no answer yet
                return failure
            if len(part) == 1:
                self._refuse(part, failure)
            elif self._loop.time() < latest:
                middle = len(part) // 2
                parts += part[middle:], part[:middle]
            else:
                self._refuse(part, failure)
                given_up = failure
        return given_up

    async def _commit(self, batch: list[_Waiting]) -> Exception | None:
        """Commit some messages together; answer their callers, unless it fails.

        Returns:
            Why it failed, if it did.
        """
        began = self._began = self._loop.time()
        try:
            outcomes = await self._store.insert([waiting.row for waiting in batch])
        except Exception as exc:  # noqa: BLE001 - it is raised again, in every caller
            return exc
        finally:
            self._began = None
        for waiting, outcome in zip(batch, outcomes, strict=True):
            # A caller that has gone away has cancelled its future; its message is stored.
            if not waiting.outcome.done():
                waiting.outcome.set_result(outcome)
        seconds = self._loop.time() - began
        self._on_commit(Commit(outcomes.count(AddOutcome.CREATED), len(batch), seconds))
        return None

    def _refuse(self, batch: Iterable[_Waiting], cause: Exception) -> None:
        for waiting in batch:
            if not waiting.outcome.done():
                refusal = StorageUnavailable(self._store.reason(cause))
                refusal.__cause__ = cause
                waiting.outcome.set_exception(refusal)
