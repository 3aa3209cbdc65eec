"""A connection is handed over or closed, whenever its opening is cancelled."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lyftr_sqlite.connection.url import file_uri, open_connection
from tests.adapters.sqlite.conftest import Until


@pytest.fixture(autouse=True)
def new_databases_from_a_template() -> None:
    """Here every database is migrated, not copied."""


class _Counted(sqlite3.Connection):
    opened = 0
    closed = 0

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as they come
        _Counted.opened += 1

    def close(self) -> None:
        super().close()
        _Counted.closed += 1


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **o: real(*a, factory=_Counted, **o))
    monkeypatch.setattr(_Counted, "opened", 0)
    monkeypatch.setattr(_Counted, "closed", 0)


@pytest.mark.parametrize("times", [1, 2])
async def test_an_opening_that_is_cancelled_leaves_nothing_open(
    path: Path, until: Until, open_connections: Callable[[], int], times: int
) -> None:
    handed_over = 0
    for turns in range(20):
        opening = asyncio.create_task(open_connection(file_uri(path, "rw")))
        for _ in range(turns):
            await asyncio.sleep(0)
        for _ in range(times):
            opening.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([opening])
        if not opening.cancelled():
            handed_over += 1
            await opening.result().close()
    await until(lambda: open_connections() == 0)
    assert _Counted.opened == _Counted.closed > handed_over


async def test_what_cannot_be_opened_says_so(tmp_path: Path, until: Until) -> None:
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        await open_connection(file_uri(tmp_path / "absent.db", "rw"))
    await until(lambda: not any("_connection_worker" in t.name for t in threading.enumerate()))


async def test_one_that_is_never_closed_does_not_keep_the_process(path: Path) -> None:
    connection = await open_connection(file_uri(path, "rw"))
    (thread,) = (t for t in threading.enumerate() if "_connection_worker" in t.name)
    assert thread.daemon
    await connection.close()


async def test_an_opening_that_fails_after_it_was_cancelled_is_cancelled(tmp_path: Path) -> None:
    opening = asyncio.create_task(open_connection(file_uri(tmp_path / "absent.db", "rw")))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
