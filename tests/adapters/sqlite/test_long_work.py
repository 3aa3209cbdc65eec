"""Long work: one process at a time, and never so that others get no turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lyftr_core import Message, StorageUnavailable
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.connection.locks import copying_lock, turn_lock
from lyftr_sqlite.connection.turns import BETWEEN_COPIES, LongWork, Step, open_long_work
from lyftr_sqlite.connection.writing import COMMIT_SOMETHING
from tests.support.sqlite_files import NOW, new_file

Until = Callable[[Callable[[], bool]], Awaitable[None]]
Make = Callable[..., Message]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return new_file(tmp_path)


@pytest.fixture
async def work(file: Path) -> AsyncIterator[LongWork]:
    async with open_long_work(file) as work:
        yield work


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was rested each time; 0 is how asyncio lets others run."""
    told: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        told.append(seconds)
        await sleep(0)

    monkeypatch.setattr("lyftr_sqlite.connection.turns.asyncio.sleep", note)
    return told


async def _commit(step: Step) -> None:
    await step.connection.execute(COMMIT_SOMETHING)


async def _commit_once(work: LongWork) -> None:
    async with work.step() as step:
        await _commit(step)


async def test_two_do_their_steps_one_after_the_other(file: Path) -> None:
    inside = 0

    @asynccontextmanager
    async def counted() -> AsyncIterator[None]:
        nonlocal inside
        inside += 1
        assert inside == 1
        yield
        inside -= 1

    async def do() -> None:
        async with open_long_work(file) as work:
            for _ in range(20):
                async with work.step() as step, counted():
                    await _commit(step)
                    await asyncio.sleep(0.001)

    await asyncio.gather(do(), do())


async def test_who_has_no_turn_waits_and_holds_up_nobody(file: Path, work: LongWork) -> None:
    with turn_lock(file) as mine:
        assert mine
        waiting = asyncio.create_task(_commit_once(work))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    await waiting


async def test_who_waits_for_a_turn_can_be_cancelled(file: Path, work: LongWork) -> None:
    with turn_lock(file):
        waiting = asyncio.create_task(_commit_once(work))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await _commit_once(work)


async def test_a_step_that_fails_gives_its_turn_back(file: Path, work: LongWork) -> None:
    with pytest.raises(StorageUnavailable):
        async with work.step() as step:
            await step.connection.exec_driver_sql("no statement")
    with turn_lock(file) as mine:
        assert mine


async def test_alone_it_does_not_rest(work: LongWork, rests: list[float]) -> None:
    for _ in range(3):
        await _commit_once(work)
    assert rests == []


async def test_while_others_write_it_rests_for_as_long_as_each_step_took(
    file: Path, work: LongWork, message: Make, rests: list[float]
) -> None:
    await _commit_once(work)
    async with SqliteStore(f"sqlite:///{file}") as store:
        await store.writer.add(message("m"), received_at=NOW)
    rests.clear()
    took = []
    for _ in range(3):  # the others get no turn now, and still are left one
        async with work.step() as step:
            await _commit(step)
        took.append(step.seconds)
    assert rests == took


async def test_it_does_not_rest_for_those_who_have_long_ceased(
    file: Path, work: LongWork, message: Make, rests: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    await _commit_once(work)
    async with SqliteStore(f"sqlite:///{file}") as store:
        await store.writer.add(message("m"), received_at=NOW)
    monkeypatch.setattr("lyftr_sqlite.connection.turns.LATELY", 0.0)
    rests.clear()
    await _commit_once(work)
    assert rests == []


async def test_a_server_rests_always_but_no_longer_than_sqlite_sleeps(
    file: Path, rests: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    shortest = 1e-9
    monkeypatch.setattr("lyftr_sqlite.connection.turns.LONGEST_REST", shortest)
    async with SqliteStore(f"sqlite:///{file}") as store:
        rests.clear()
        async with store.remover._work.step() as step:
            await _commit(step)
        assert step.seconds > shortest
        assert shortest in rests


async def test_the_log_is_copied_from_time_to_time(file: Path, work: LongWork) -> None:
    log = file.with_name(f"{file.name}-wal")
    sizes = []
    for _ in range(4 * BETWEEN_COPIES):
        await _commit_once(work)
        sizes.append(log.stat().st_size)
    assert sizes[-1] == sizes[len(sizes) // 2]  # it begins anew, and grows no more


async def test_who_copies_already_is_left_alone(file: Path, work: LongWork) -> None:
    log = file.with_name(f"{file.name}-wal")
    with copying_lock(file):
        sizes = []
        for _ in range(3 * BETWEEN_COPIES):
            await _commit_once(work)
            sizes.append(log.stat().st_size)
    assert sorted(set(sizes)) == sizes
