"""Whether the file can be read, and takes commits."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from lyftr_sql.store import StoreProbe
from lyftr_sqlite.connection.engines import reading_from
from lyftr_sqlite.schema.tables import messages
from lyftr_sqlite.writer import SqliteMessageWriter

__all__ = ["SqliteReadinessProbe"]


class SqliteReadinessProbe(StoreProbe):
    """The `ReadinessProbe` port over SQLite.

    Args:
        engine: See `lyftr_sqlite.connection.engines.create_reading_engine`.
        writer: What commits.
    """

    def __init__(self, engine: AsyncEngine, writer: SqliteMessageWriter) -> None:
        super().__init__(lambda: _read_a_row(engine), writer)


async def _read_a_row(engine: AsyncEngine) -> None:
    async with reading_from(engine) as connection:
        await connection.execute(select(messages.c.seq).limit(1))
