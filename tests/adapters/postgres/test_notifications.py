"""Telling other servers of news, where PostgreSQL does not answer."""

import asyncio

from lyftr_postgres.connection.connecting import opener
from lyftr_postgres.connection.url import parse_database_url
from lyftr_postgres.projections.notifications import Notifier
from lyftr_postgres.schema.migrate import prepare
from tests.support.polling import wait_until
from tests.support.postgresql.hanging import hung
from tests.support.postgresql.server import PostgresServer

_HANGS = 60.0
_TOLD = """SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'lyftr' AND state = 'idle' AND query LIKE '%pg_notify%'"""


def test_to_tell_others_is_given_up_where_postgresql_hangs(
    primary_to_break: PostgresServer,
) -> None:
    conninfo = parse_database_url(primary_to_break.tcp_url("inbox"))
    prepare(conninfo)

    async def announce() -> None:
        notifier = Notifier(opener(conninfo))
        await notifier.open()
        notifier.note_commit()
        await asyncio.to_thread(wait_until, lambda: primary_to_break.sql(_TOLD) == "1")
        with hung(primary_to_break):
            notifier.note_commit()
            await asyncio.sleep(0)  # it begins
            async with asyncio.timeout(_HANGS):
                await notifier.close()

    asyncio.run(announce())
