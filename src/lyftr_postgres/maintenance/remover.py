"""Removing from PostgreSQL, in short transactions beside the writers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_core.removal import Removal
from lyftr_postgres.connection.connecting import Opener
from lyftr_postgres.connection.failures import as_storage_unavailable
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.maintenance.erasing import erase
from lyftr_postgres.reading.conditions import CONDITIONS
from lyftr_postgres.schema.tables import counts, messages
from lyftr_sql.remover import LOOKED_AT, Chosen, SqlMessageRemover

__all__ = ["PostgresMessageRemover"]

_seq = messages.c.seq


class PostgresMessageRemover(SqlMessageRemover):
    """The `MessageRemover` port over PostgreSQL.

    Args:
        connection: Of its own, so that no webhook waits for it.
        connect: Opens a connection.
        reading: The engine of the readers.
    """

    def __init__(
        self, connection: WritingConnection, connect: Opener, reading: AsyncEngine
    ) -> None:
        super().__init__(CONDITIONS)
        self._connection = connection
        self._connect = connect
        self._engine = reading

    async def scrub(self) -> bool:
        """Have the server clear away what no transaction can see any more.

        Its write-ahead log, and whatever was made of it, is not ours to clear.
        """
        with as_storage_unavailable("cannot clear"):
            async with await self._connect() as connection:
                for table in (messages, counts.by_sender, counts.by_recipient):
                    await connection.execute(
                        sql.SQL("VACUUM {}").format(sql.Identifier(table.name))
                    )
        return True

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with as_storage_unavailable("cannot read"):
            async with self._engine.connect() as connection:
                yield connection

    async def _choose(
        self, connection: AsyncConnection, removal: Removal, after: int, limit: int
    ) -> Chosen:
        ahead = select(_seq).where(_seq > after).order_by(_seq).limit(LOOKED_AT).subquery()
        last = select(func.coalesce(func.max(_seq), 0))
        end = select(func.coalesce(func.max(ahead.c.seq), last.scalar_subquery()))
        horizon = (await connection.execute(end)).scalar_one()
        within = _seq > after, _seq <= horizon, *CONDITIONS.to_remove(removal)
        ordered = select(_seq).where(*within).order_by(_seq).limit(limit)
        seqs = (await connection.execute(ordered)).scalars().all()
        return Chosen(seqs, horizon, int((await connection.execute(last)).scalar_one()))

    async def _erase(self, seqs: Sequence[int]) -> tuple[int, float]:
        began = asyncio.get_running_loop().time()
        removed = await self._connection.run(lambda connection: erase(connection, seqs))
        return removed, asyncio.get_running_loop().time() - began
