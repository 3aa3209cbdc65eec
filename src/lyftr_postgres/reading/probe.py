"""Whether the server answers, and takes commits."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lyftr_postgres.connection.reading import ReadingConnections
from lyftr_postgres.schema.tables import log_base
from lyftr_postgres.writer import PostgresMessageWriter
from lyftr_sql.store import PATIENCE, StoreProbe

__all__ = ["PostgresReadinessProbe"]


class PostgresReadinessProbe(StoreProbe):
    """The `ReadinessProbe` port over PostgreSQL.

    Args:
        engine: See `lyftr_postgres.connection.connecting.create_reading_engine`.
        writer: What commits.
    """

    def __init__(self, engine: AsyncEngine, writer: PostgresMessageWriter) -> None:
        connections = ReadingConnections(engine, patience=PATIENCE)
        super().__init__(lambda: connections.run(_read_the_base), writer)


async def _read_the_base(connection: AsyncConnection) -> None:
    await connection.execute(select(log_base.c.base))
