"""A stateful test: whatever is done with a repository, it answers as the one in memory does."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, precondition, rule
from msgspec.structs import replace

from lyftr_core.memory import InMemoryMessageRepository
from lyftr_core.message import Message
from lyftr_core.ports import MessageReader, MessageRemover, MessageWriter
from lyftr_core.removal import Removal
from lyftr_core.selection import MessageFilter, Order, Selection
from lyftr_core.testing.machine.crowded import (
    CHANGES,
    FILTERS,
    IDS,
    MESSAGES,
    RECEIPTS,
    REMOVALS,
    SELECTIONS,
)
from lyftr_core.testing.machine.held_open import HeldOpen
from lyftr_core.testing.machine.side_by_side import SideBySide
from lyftr_core.testing.opening import Opening

__all__ = ["Loop", "RepositoryMachine"]

Value = TypeVar("Value")


class Loop(Protocol):
    """What runs the calls of a machine."""

    def run(self, coro: Coroutine[Any, Any, Value], /) -> Value:
        """Run one call to its end."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class RepositoryMachine(Opening, RuleBasedStateMachine):
    """Does the same with an adapter and with `InMemoryMessageRepository`, and compares.

    `RepositoryContract` runs it too, as one of its tests. Subclass it to run more of it, to run
    it without a plugin for coroutines, or for an adapter that can be opened again: implement
    `open_repository`, and let pytest or unittest find its `TestCase`. A machine makes an event
    loop of asyncio for itself, and opens one repository.

    Where the adapter can be opened again, implement `reopen_repository` too; where messages can be
    removed, `get_remover`.

    Example:
        class MyMachine(RepositoryMachine):
            @asynccontextmanager
            async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
                async with MyRepository() as repository:
                    yield repository, repository


        TestMyMachine = MyMachine.TestCase
        TestMyMachine.settings = settings(max_examples=500, stateful_step_count=30, deadline=None)
    """

    delivered: Bundle[Message] = Bundle("delivered")

    def __init__(self) -> None:
        super().__init__()
        self._loop = self._enter_loop()
        self._reference = InMemoryMessageRepository()
        self._seqs: dict[str, int] = {}
        try:
            self._open(self.open_repository())
        except BaseException:
            self._loop.close()
            raise

    # Not abstract, and no `None`: a subclass may say `reopen_repository = open_repository`.
    def reopen_repository(
        self,
    ) -> AbstractAsyncContextManager[tuple[MessageWriter, MessageReader]]:
        """Open what `open_repository` opened before, closed by now, with all that it stored.

        Implementing it is optional. Where what is stored belongs to the machine, such as a
        folder made by its `__init__`, it can be `open_repository` itself.
        """
        raise NotImplementedError

    def get_remover(self) -> MessageRemover:
        """Return what removes messages from the repository that is open now.

        Implementing it is optional.
        """
        raise NotImplementedError

    @rule(target=delivered, message=MESSAGES, received_at=RECEIPTS)
    def add(self, message: Message, received_at: datetime) -> Message:
        """Add a message that is new, or whose identifier has come before."""
        self._run(self._both.add(message, received_at))
        return message

    @rule(message=delivered, received_at=RECEIPTS)
    def redeliver(self, message: Message, received_at: datetime) -> None:
        """Add once more what was added before, stored or not."""
        self._run(self._both.add(message, received_at))

    @rule(message=delivered, changes=CHANGES, received_at=RECEIPTS)
    def add_changed(
        self, message: Message, changes: Mapping[str, Any], received_at: datetime
    ) -> None:
        """Add what was added before, with other content in some fields."""
        changed = replace(message, **changes)
        self._run(self._both.add(changed, received_at))

    @rule(
        target=delivered, several=st.lists(MESSAGES, min_size=2, max_size=5), received_at=RECEIPTS
    )
    def add_at_once(self, several: Sequence[Message], received_at: datetime) -> Any:  # noqa: ANN401 - Hypothesis has no name for it
        """Add several messages concurrently; those of one identifier race."""
        self._run(self._both.add_at_once(several, received_at))
        return multiple(*several)

    @rule(message_id=IDS)
    def get(self, message_id: str) -> None:
        """Get a message by an identifier, known or not."""
        self._run(self._both.get(message_id))

    @rule(selection=SELECTIONS)
    def select(self, selection: Selection) -> None:
        """Select a run of messages."""
        self._run(self._both.select(selection))

    @rule(query=FILTERS, order=st.sampled_from(Order), limit=st.integers(1, 3))
    def read_all_pages(self, query: MessageFilter, order: Order, limit: int) -> None:
        """Follow the cursor from page to page, to the last."""
        self._run(self._both.read_all_pages(query, order, limit))

    @rule(query=FILTERS, limit=st.integers(1, 3) | st.just(100), behind=st.none() | IDS)
    def follow_log(self, query: MessageFilter, limit: int, behind: str | None) -> None:
        """Read the log from its beginning, or behind a message, to its end."""
        self._run(self._both.follow_log(query, limit, behind))

    @rule()
    def stats(self) -> None:
        """Ask for the statistics."""
        self._run(self._both.stats())

    @rule(limit=st.integers(1, 3) | st.just(100))
    def conflicts(self, limit: int) -> None:
        """Ask for the conflicts."""
        self._run(self._both.conflicts(limit))

    @precondition(lambda self: self._can_remove())
    @rule(removal=REMOVALS, scrub=st.booleans())
    def remove(self, removal: Removal, *, scrub: bool) -> None:
        """Remove messages by their number, or by when they were received."""
        self._run(self._both.remove(self.get_remover(), removal, scrub=scrub))

    @precondition(lambda self: self._can_be_reopened())
    @rule()
    def reopen(self) -> None:
        """Close the repository and open it again: all is still there."""
        self._run(self._held.close())
        self._open(self.reopen_repository())

    def teardown(self) -> None:
        """Close the repository and the event loop."""
        try:
            self._run(self._held.close())
        finally:
            self._loop.close()

    def _enter_loop(self) -> Loop:
        return asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def _can_be_reopened(self) -> bool:
        return type(self).reopen_repository is not RepositoryMachine.reopen_repository

    def _can_remove(self) -> bool:
        return type(self).get_remover is not RepositoryMachine.get_remover

    def _open(
        self, context: AbstractAsyncContextManager[tuple[MessageWriter, MessageReader]]
    ) -> None:
        self._held = HeldOpen(context)
        writer, reader = self._run(self._held.open())
        self._both = SideBySide(writer, reader, self._reference, self._seqs)

    def _run(self, calls: Coroutine[Any, Any, Value]) -> Value:
        return self._loop.run(calls)
