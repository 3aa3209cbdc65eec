"""What people would write instead, on PostgreSQL: the FastAPI baseline over a pool of asyncpg."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg

from bench.fastapi_baseline import Webhook, serve

__all__ = ["PooledInbox", "open_inbox"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    ts TIMESTAMPTZ NOT NULL,
    text TEXT,
    received_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_ts ON messages (ts, message_id);
CREATE INDEX IF NOT EXISTS messages_by_sender ON messages (sender, ts);
"""
_INSERT = """
INSERT INTO messages (message_id, sender, recipient, ts, text, received_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (message_id) DO NOTHING RETURNING id
"""


class PooledInbox:
    """The messages; each request takes a connection, inserts and commits."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(self, message: Webhook) -> bool:
        """Store a message durably; return whether it was new."""
        row = (
            message.message_id,
            message.sender,
            message.recipient,
            datetime.fromisoformat(message.ts),
            message.text,
            datetime.now(UTC),
        )
        return await self._pool.fetchval(_INSERT, *row) is not None


@asynccontextmanager
async def open_inbox(url: str) -> AsyncIterator[PooledInbox]:
    """Open a pool of ten connections, as asyncpg does where nothing else is said."""
    async with asyncpg.create_pool(url) as pool:
        await pool.execute(_SCHEMA)
        yield PooledInbox(pool)


if __name__ == "__main__":
    serve(open_inbox(os.environ["DATABASE_URL"]))
