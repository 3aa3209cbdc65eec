"""That the machine finds what no single call shows, and tells it in a few steps."""

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from lyftr_core import InMemoryMessageRepository, MessageReader, MessageRemover, MessageWriter
from lyftr_core.testing import RepositoryMachine
from tests.unit.core.testing.forgetful import (
    ForgetsAtAPage,
    KeepsPages,
    ListsConflictsOfTheFirstLook,
)
from tests.unit.core.testing.project import NO_ASYNCIO, run_pytest

# The same examples each time, and as many as it takes.
THOROUGH = settings(
    max_examples=2_000,
    stateful_step_count=15,
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
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        repository = self.adapter()
        yield repository, repository


class Reopened(MemoryMachine):
    def __init__(self) -> None:
        self._kept = self.adapter()
        super().__init__()

    @asynccontextmanager
    async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        yield self._kept, self._kept

    reopen_repository = open_repository


class ForgetsConflictsWhenClosed(Reopened):
    @asynccontextmanager
    async def reopen_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
        self._kept._conflicts.clear()
        yield self._kept, self._kept


class Removable(Reopened):
    def get_remover(self) -> MessageRemover:
        return self._kept


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


TestMachineOfRemovable = Removable.TestCase
TestMachineOfRemovable.settings = QUICK


class ForgetsWhatItRemoved(InMemoryMessageRepository):
    async def scrub(self) -> bool:
        self._removed.clear()
        return True


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("machine", "last", "most"),
    [
        (machine_of(KeepsPages), {"select", "read_all_pages"}, 8),
        (machine_of(ListsConflictsOfTheFirstLook), {"conflicts"}, 6),
        (machine_of(ForgetsAtAPage), {"redeliver", "add", "add_at_once", "add_changed"}, 5),
        (ForgetsConflictsWhenClosed, {"conflicts"}, 5),
        (
            type("Machine", (Removable,), {"adapter": ForgetsWhatItRemoved}),
            {"redeliver", "add", "add_at_once", "add_changed"},
            4,
        ),
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
        async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
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
        async def open_repository(self) -> AsyncGenerator[tuple[MessageWriter, MessageReader]]:
            with open_missing_file():
                yield InMemoryMessageRepository(), InMemoryMessageRepository()

    with pytest.raises(FileNotFoundError):
        run_state_machine_as_test(Closed, settings=QUICK)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "adapter", [ForgetsAtAPage, KeepsPages, ListsConflictsOfTheFirstLook], ids=lambda a: a.__name__
)
def test_no_other_test_of_the_contract_finds_it(adapter: type[object], tmp_path: Path) -> None:
    import_ = f"from {adapter.__module__} import {adapter.__name__} as MyRepository"
    others = ("-k", "not any_sequence", "-o", f"pythonpath={Path(__file__).parents[4]}")
    output = run_pytest(tmp_path, *NO_ASYNCIO, *others, mark="@pytest.mark.anyio", adapter=import_)
    assert re.fullmatch(r"1\d\d passed, 1 deselected in .*", output.splitlines()[-1]), output
