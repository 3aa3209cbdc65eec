"""The ceiling: a bare ASGI application over the product's own store, projections included."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.bare import serve
from lyftr_core import MessageWriter
from lyftr_sqlite import SqliteStore

__all__ = ["open_writer"]


@asynccontextmanager
async def open_writer(database: Path) -> AsyncIterator[MessageWriter]:
    """Open the product's store, and give its writer."""
    async with SqliteStore(f"sqlite:///{database}") as store:
        yield store.writer


if __name__ == "__main__":
    serve(open_writer)
