"""That the machine finds what no single call shows, and tells it in a few steps."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from lyftr_core import (
    AddOutcome,
    Conflict,
    InMemoryMessageRepository,
    Matches,
    Message,
    MessageReader,
    MessageWriter,
    Selection,
)
from lyftr_core.testing import RepositoryMachine

# The same examples each time, and as many as it takes.
THOROUGH = settings(
    max_examples=2_000,
    stateful_step_count=30,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
QUICK = settings(THOROUGH, max_examples=20)


class MemoryMachine(RepositoryMachine):
    adapter: type[InMemoryMessageRepository] = InMemoryMessageRepository

    @asynccontextmanager
    async def open_repository(self) -> AsyncIterator[tuple[MessageWriter, MessageReader]]:
        repository = self.adapter()
        yield repository, repository


class KeepsPages(InMemoryMessageRepository):
    """Remembers each page behind a cursor: right until a message comes that belongs there."""

    def __init__(self) -> None:
        super().__init__()
        self._pages: dict[object, Matches] = {}

    async def select(self, selection: Selection) -> Matches:
        if selection.after is None:
            return await super().select(selection)
        key = repr(selection)
        if key not in self._pages:
            self._pages[key] = await super().select(selection)
        return self._pages[key]


class ListsConflictsOfTheFirstLook(InMemoryMessageRepository):
    """Remembers each entry as it was first listed, and so no further delivery."""

    def __init__(self) -> None:
        super().__init__()
        self._listed: dict[object, Conflict] = {}

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        found = await super().conflicts(limit)
        return tuple(self._listed.setdefault((c.message_id, c.fields), c) for c in found)


class ForgetsAtAPage(InMemoryMessageRepository):
    """Takes a redelivery for a conflict once the message was on a page behind a cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._read: set[str] = set()

    async def select(self, selection: Selection) -> Matches:
        matches = await super().select(selection)
        if selection.after:
            self._read |= {stored.message.message_id for stored in matches.messages}
        return matches

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        outcome = await super().add(message, received_at=received_at)
        is_forgotten = message.message_id in self._read
        return AddOutcome.CONFLICT if is_forgotten else outcome


class Reopened(MemoryMachine):
    def __init__(self) -> None:
        self._kept = self.adapter()
        super().__init__()

    @asynccontextmanager
    async def open_repository(self) -> AsyncIterator[tuple[MessageWriter, MessageReader]]:
        yield self._kept, self._kept

    reopen_repository = open_repository


class ForgetsConflictsWhenClosed(Reopened):
    @asynccontextmanager
    async def reopen_repository(self) -> AsyncIterator[tuple[MessageWriter, MessageReader]]:
        self._kept._conflicts.clear()
        yield self._kept, self._kept


def machine_of(adapter: type[InMemoryMessageRepository]) -> type[RepositoryMachine]:
    return type("Machine", (MemoryMachine,), {"adapter": adapter})


def steps_to_failure(machine: type[RepositoryMachine]) -> list[str]:
    """Return the names of the steps that a failure tells."""
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(machine, settings=THOROUGH)
    told = "\n".join(caught.value.__notes__)
    assert told.startswith("Failing test case") or "state = " in told, told
    return re.findall(r"^(?:.* = )?state\.(\w+)\(", told, re.MULTILINE)


TestMachineOfMemory = MemoryMachine.TestCase
TestMachineOfMemory.settings = QUICK


TestMachineOfReopened = Reopened.TestCase
TestMachineOfReopened.settings = QUICK


@pytest.mark.parametrize(
    ("machine", "last", "most"),
    [
        (machine_of(KeepsPages), {"select", "read_all_pages"}, 6),
        (machine_of(ListsConflictsOfTheFirstLook), {"conflicts"}, 6),
        (machine_of(ForgetsAtAPage), {"redeliver", "add", "add_at_once", "add_changed"}, 5),
        (ForgetsConflictsWhenClosed, {"conflicts"}, 5),
    ],
)
def test_machine_finds_what_takes_several_calls_and_tells_the_fewest(
    machine: type[RepositoryMachine], last: set[str], most: int
) -> None:
    *steps, end = steps_to_failure(machine)
    assert end == "teardown"
    assert steps[-1] in last
    assert len(steps) <= most, steps


@contextmanager
def counted(opened: list[str]) -> Iterator[None]:
    opened.append("opened")
    yield
    opened.append("closed")


def test_each_run_opens_and_closes_one_repository() -> None:
    opened: list[str] = []

    class Counted(MemoryMachine):
        @asynccontextmanager
        async def open_repository(self) -> AsyncIterator[tuple[MessageWriter, MessageReader]]:
            with counted(opened):
                async with super().open_repository() as pair:
                    yield pair

    run_state_machine_as_test(Counted, settings=settings(QUICK, max_examples=5))
    assert opened == ["opened", "closed"] * (len(opened) // 2)
    assert len(opened) >= 10


def open_missing_file() -> AbstractContextManager[object]:
    return Path("/no such folder/inbox.db").open()


def test_repository_that_cannot_be_opened_is_told_as_it_is() -> None:
    class Closed(RepositoryMachine):
        @asynccontextmanager
        async def open_repository(self) -> AsyncIterator[tuple[MessageWriter, MessageReader]]:
            with open_missing_file():
                yield InMemoryMessageRepository(), InMemoryMessageRepository()

    with pytest.raises(FileNotFoundError):
        run_state_machine_as_test(Closed, settings=QUICK)
