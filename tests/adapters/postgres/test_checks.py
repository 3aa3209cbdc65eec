"""Readiness checks while commits fail: no work waits for them."""

import asyncio
from typing import Any

import pytest
from psycopg import AsyncConnection

from lyftr_core import StorageUnavailable
from lyftr_postgres import migrate, parse_database_url
from lyftr_postgres.connection.connecting import opener
from lyftr_postgres.connection.writing import WritingConnection


async def _nothing(_connection: AsyncConnection[Any]) -> str:
    return "done"


async def test_work_is_done_beside_a_check_that_hangs(postgres_url: str) -> None:
    conninfo = parse_database_url(postgres_url)
    await asyncio.to_thread(migrate, conninfo)
    connect, hangs, calls = opener(conninfo), asyncio.Event(), 0

    async def open_at_last() -> AsyncConnection[Any]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("not yet")
        if calls == 2:
            hangs.set()
            await asyncio.Event().wait()
        return await connect()

    connection = WritingConnection(open_at_last)
    with pytest.raises(StorageUnavailable, match="not yet"):
        await connection.run(_nothing)
    check = asyncio.create_task(connection.check())
    await hangs.wait()
    assert await connection.run(_nothing) == "done"
    assert not check.done()
    check.cancel()
    await asyncio.wait([check])
    await connection.check()  # what was done since tells enough
    assert calls == 3
    await connection.close()
