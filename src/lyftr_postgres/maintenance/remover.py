"""Removing from PostgreSQL, in short transactions beside the writers."""

import asyncio
from collections.abc import Sequence

from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core.removal import Removal, RemovalStep
from lyftr_postgres.connection.connecting import Opener
from lyftr_postgres.connection.failures import as_storage_unavailable
from lyftr_postgres.connection.writing import WritingConnection
from lyftr_postgres.maintenance.erasing import empty
from lyftr_postgres.reading.counts import conditions
from lyftr_postgres.schema.tables import counts, messages
from lyftr_sql.step_size import Pace

__all__ = ["PostgresMessageRemover"]

LOOKED_AT = 65_536
"""So many rows of the log one step looks at, at most."""
FEWEST, MOST = 16, 2_048
"""How many messages one step removes, at least and at most."""

_seq = messages.c.seq


class PostgresMessageRemover:
    """The `MessageRemover` port over PostgreSQL.

    Servers may write meanwhile.

    Args:
        connection: Of its own, so that no webhook waits for it.
        connect: Opens a connection.
        reading: The engine of the readers, who look for what is to be removed.
    """

    def __init__(
        self, connection: WritingConnection, connect: Opener, reading: AsyncEngine
    ) -> None:
        self._connection = connection
        self._connect = connect
        self._reading = reading
        self._pace = Pace(FEWEST, MOST)

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        """Remove some messages; see `lyftr_core.ports.MessageRemover`."""
        limit = self._pace.at_once
        seqs, horizon, last = await self._find(removal, after, limit)
        through = seqs[-1] if len(seqs) == limit else horizon
        if not seqs:
            return RemovalStep(0, through, last)
        began = asyncio.get_running_loop().time()
        removed = await self._connection.run(lambda connection: empty(connection, seqs))
        self._pace.note(len(seqs), asyncio.get_running_loop().time() - began)
        return RemovalStep(removed, through, last)

    async def count(self, removal: Removal) -> int:
        """Count the messages to remove; see `lyftr_core.ports.MessageRemover`."""
        query = select(func.count()).select_from(messages).where(*conditions.to_remove(removal))
        with as_storage_unavailable("cannot read"):
            async with self._reading.connect() as connection:
                return int((await connection.execute(query)).scalar_one())

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

    async def _find(
        self, removal: Removal, after: int, limit: int
    ) -> tuple[Sequence[int], int, int]:
        """Return the `seq` of the next to remove, up to where was looked, and the last `seq`."""
        ahead = select(_seq).where(_seq > after).order_by(_seq).limit(LOOKED_AT).subquery()
        last = select(func.coalesce(func.max(_seq), 0))
        end = select(func.coalesce(func.max(ahead.c.seq), last.scalar_subquery()))
        with as_storage_unavailable("cannot read"):
            async with self._reading.connect() as connection:
                horizon = (await connection.execute(end)).scalar_one()
                found = select(_seq).where(
                    _seq > after, _seq <= horizon, *conditions.to_remove(removal)
                )
                ordered = found.order_by(_seq).limit(limit)
                seqs = (await connection.execute(ordered)).scalars().all()
                return seqs, horizon, int((await connection.execute(last)).scalar_one())
