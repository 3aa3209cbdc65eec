"""The tables as this version of the program uses them. Migrations make them.

The table of messages is a log: rows are appended in the order of commit, and never changed.
Times are integers, microseconds since 1970-01-01T00:00:00Z, so that they sort as moments do.
"""

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

__all__ = ["HEAD", "messages", "metadata"]

HEAD = "0001"
"""The schema revision that this version of the program uses."""

metadata = MetaData()

messages = Table(
    "messages",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("ts", Integer, nullable=False),
    Column("text", Text),
    Column("received_at", Integer, nullable=False),
    Index("messages_by_ts", "ts", "message_id"),
    Index("messages_by_sender", "sender", "ts", "message_id"),
    Index("messages_by_recipient", "recipient", "ts", "message_id"),
    sqlite_autoincrement=True,  # a seq is never used twice, not even after its row is gone
)
