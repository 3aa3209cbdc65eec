"""Whether the database answers, and takes commits."""

import asyncio

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_core.errors import StorageUnavailable
from lyftr_postgres.failures import as_storage_unavailable
from lyftr_postgres.schema import log_base
from lyftr_postgres.writer import PostgresMessageWriter

__all__ = ["PostgresReadinessProbe"]

PATIENCE = 2.0
"""How long the database may take to answer, in seconds."""


class PostgresReadinessProbe:
    """The `ReadinessProbe` port over PostgreSQL.

    Args:
        engine: See `lyftr_postgres.connecting.create_reading_engine`.
        writer: What commits.
    """

    def __init__(self, engine: AsyncEngine, writer: PostgresMessageWriter) -> None:
        self._engine = engine
        self._writer = writer

    async def check(self) -> str | None:
        """Return `None` if the database answers in time and takes commits, else what is wrong."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._read_a_row()
        except (StorageUnavailable, TimeoutError):
            return "not answering"
        return await self._writer.check()

    async def _read_a_row(self) -> None:
        with as_storage_unavailable("cannot read"):
            async with self._engine.connect() as connection:
                await connection.execute(select(log_base.c.base))
