"""`lyftr tail --follow`: each message once, in order, and an end where it cannot go on."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Self

import click
import pytest

from lyftr_cli.output.following import Following
from lyftr_core import (
    InMemoryMessageRepository,
    LogRun,
    LogSelection,
    MessageFilter,
    StorageUnavailable,
)
from lyftr_core.message import Record
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_sql.store import OpenedStore
from lyftr_sqlite import SqliteStore
from lyftr_sqlite.maintenance.importer import open_importer
from tests.support.shown import PATIENCE, Shown

EVERYTHING = MessageFilter()


def add(path: Path, *message_ids: str) -> None:
    with open_importer(path) as importer:
        importer.add([Record(message=sample(name)) for name in message_ids], received_at=NOON)
        importer.finish()


@asynccontextmanager
async def following(path: Path, shown: Shown) -> AsyncIterator["asyncio.Task[None]"]:
    async with SqliteStore(f"sqlite:///{path}").reading() as store:
        task = asyncio.create_task(Following(store, EVERYTHING, 0, shown)())
        yield task
        task.cancel()
        await asyncio.wait([task])


def _delete(path: Path) -> None:
    path.unlink()


def _move_another_over(path: Path) -> None:
    other = path.with_name("other.db")
    add(other, "of the other", "and more", "and more of it")
    other.replace(path)


def _make_anew(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    add(path, "of the other")


def _empty(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM messages")
        database.commit()


@pytest.mark.parametrize("replace", [_delete, _move_another_over, _make_anew, _empty])
async def test_another_database_in_its_place_ends_it(
    tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    path, shown = tmp_path / "lyftr.db", Shown()
    await asyncio.to_thread(add, path, "m1", "m2")
    async with following(path, shown) as task:
        await shown.wait_for("m2")
        await asyncio.to_thread(replace, path)
        with pytest.raises(click.ClickException, match="run the command again") as caught:
            await asyncio.wait_for(task, PATIENCE)
    assert str(path) in caught.value.message
    assert shown.ids == ["m1", "m2"]


async def test_a_link_that_leads_to_another_database_ends_it(tmp_path: Path) -> None:
    link, shown = tmp_path / "lyftr.db", Shown()
    for name in ("first.db", "second.db"):
        await asyncio.to_thread(add, tmp_path / name, "m1")
    link.symlink_to("first.db")
    async with following(link, shown) as task:
        await shown.wait_for("m1")
        link.unlink()
        link.symlink_to("second.db")
        with pytest.raises(click.ClickException, match="was deleted or replaced"):
            await asyncio.wait_for(task, PATIENCE)


async def test_it_goes_on_with_what_another_process_adds(tmp_path: Path) -> None:
    path, shown = tmp_path / "lyftr.db", Shown()
    await asyncio.to_thread(add, path, "m1")
    async with following(path, shown):
        await shown.wait_for("m1")
        for number in range(2, 5):
            await asyncio.to_thread(add, path, f"m{number}")
            await shown.wait_for(f"m{number}")
    assert shown.ids == ["m1", "m2", "m3", "m4"]


class Unsteady(InMemoryMessageRepository):
    """Cannot be read at times."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[str] = []

    async def last_seq(self) -> int:
        self._fail()
        return await super().last_seq()

    async def read_log(self, selection: LogSelection) -> LogRun:
        self._fail()
        return await super().read_log(selection)

    def _fail(self) -> None:
        if self.failures:
            raise StorageUnavailable(self.failures.pop())


class UnsteadyStore(OpenedStore):
    def __init__(self) -> None:
        self.name = "a store"
        self.reader = Unsteady()

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Self]:
        yield self


async def test_a_database_that_cannot_be_read_for_a_while_is_tried_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lyftr_cli.output.following._BETWEEN", 0.01)
    store, shown = UnsteadyStore(), Shown()
    await store.reader.add(sample("m1"), received_at=NOON)
    store.reader.failures = ["out"]
    task = asyncio.create_task(Following(store, EVERYTHING, 0, shown)())  # type: ignore[arg-type] # what it uses of a store
    await shown.wait_for("m1")
    store.reader.failures = ["out", "out", "cannot read"]
    await store.reader.add(sample("m2"), received_at=NOON)
    await shown.wait_for("m2")
    store.reader.failures = ["out"]
    await store.reader.add(sample("m3"), received_at=NOON)
    await shown.wait_for("m3")
    task.cancel()
    await asyncio.wait([task])
    assert shown.ids == ["m1", "m2", "m3"]
    told = ["out", "cannot read", "out", "out"]  # each once, until it can be read again
    assert capsys.readouterr().err.splitlines() == [f"lyftr: {t}; trying again" for t in told]
