"""`lyftr tail --follow` over a restart of PostgreSQL."""

import asyncio

import pytest

from lyftr_cli.output.following import Following
from lyftr_core import MessageFilter
from lyftr_core.message import Record
from lyftr_core.testing.strategies.samples import NOON, sample
from lyftr_postgres import PostgresStore, migrate
from lyftr_postgres.maintenance.importer import open_importer
from tests.support.postgresql.server import PostgresServer, StopMode
from tests.support.shown import Shown

_RESTARTS: tuple[tuple[int, StopMode], ...] = ((2, "fast"), (3, "immediate"))


def add(url: str, *message_ids: str) -> None:
    with open_importer(url) as importer:
        importer.add([Record(message=sample(name)) for name in message_ids], received_at=NOON)
        importer.finish()


async def test_it_goes_on_over_restarts_with_each_message_once(
    primary_to_break: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = primary_to_break.url("inbox")
    await asyncio.to_thread(migrate, url)
    await asyncio.to_thread(add, url, "m1")
    shown = Shown()
    async with PostgresStore(url).reading() as store:
        task = asyncio.create_task(Following(store, MessageFilter(), 0, shown)())
        await shown.wait_for("m1")
        for number, mode in _RESTARTS:
            await asyncio.to_thread(primary_to_break.stop, mode)
            await asyncio.sleep(0.6)  # it is asked meanwhile
            assert not task.done()
            await asyncio.to_thread(primary_to_break.start)
            await asyncio.to_thread(add, url, f"m{number}")
            await shown.wait_for(f"m{number}")
        task.cancel()
        await asyncio.wait([task])
    assert shown.ids == ["m1", "m2", "m3"]
    assert capsys.readouterr().err.count("trying again") >= 2
