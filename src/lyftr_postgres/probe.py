"""Whether the server answers, and takes commits."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_postgres.failures import as_storage_unavailable
from lyftr_postgres.schema import log_base
from lyftr_postgres.writer import PostgresMessageWriter
from lyftr_sql.probe import StoreProbe

__all__ = ["PostgresReadinessProbe"]


class PostgresReadinessProbe(StoreProbe):
    """The `ReadinessProbe` port over PostgreSQL.

    Args:
        engine: See `lyftr_postgres.connecting.create_reading_engine`.
        writer: What commits.
    """

    def __init__(self, engine: AsyncEngine, writer: PostgresMessageWriter) -> None:
        super().__init__(lambda: _read_the_base(engine), writer)


async def _read_the_base(engine: AsyncEngine) -> None:
    with as_storage_unavailable("cannot read"):
        async with engine.connect() as connection:
            await connection.execute(select(log_base.c.base))
