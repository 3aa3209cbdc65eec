"""The tables as this version of the program uses them. Migrations make them.

The table of messages is a log: rows are appended in the order of commit, and never changed but for
those of removed messages, which are emptied. Beside it is what is kept of conflicts, which no
message tells. All other tables are projections, which
follow the log; `lyftr_sqlite.projections.projections` says how.
Times are integers, microseconds since 1970-01-01T00:00:00Z, so that they sort as moments do.
"""

from sqlalchemy import Column, Index, Integer, MetaData, Table, TableClause, Text, column, table

__all__ = [
    "conflicts",
    "counts_by_recipient",
    "counts_by_sender",
    "counts_by_time",
    "messages",
    "messages_by_recipient",
    "messages_by_sender",
    "messages_by_ts",
    "metadata",
    "projections",
    "search",
    "totals",
]

metadata: MetaData = MetaData()

messages: Table = Table(
    "messages",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("ts", Integer, nullable=False),
    Column("text", Text),
    Column("received_at", Integer, nullable=False),
    # The text as `str.casefold` gives it, where SQLite's lower() gives another; else NULL.
    Column("folded", Text),
    # What stays of a removed message; its other columns are then empty. Else NULL.
    Column("content_hash", Integer),
    sqlite_autoincrement=True,  # a seq is never used twice, not even after its row is gone
)

conflicts: Table = Table(
    "conflicts",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("fields", Text, primary_key=True),  # those that differ, as in from,text
    Column("first_received_at", Integer, nullable=False),
    Column("last_received_at", Integer, nullable=False),
    Column("deliveries", Integer, nullable=False),
    sqlite_with_rowid=False,
)

projections: Table = Table(
    "projections",
    metadata,
    Column("name", Text, primary_key=True),
    # The projection holds every message up to this seq, and none beyond it.
    Column("through_seq", Integer, nullable=False),
    sqlite_with_rowid=False,
)


messages_by_ts: Table = Table(
    "messages_by_ts",
    metadata,
    Column("ts", Integer, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    sqlite_with_rowid=False,
)


def _by_number(name: str, of: str) -> Table:
    """A list of all messages by a phone number, as an integer, and within it by `ts`.

    The shorter its entries, the fewer pages a fold changes: so the number is no text, and the
    order by `message_id`, which matters only where a `ts` is the same, is left to the reader.
    """
    return Table(
        name,
        metadata,
        Column(of, Integer, primary_key=True),
        Column("ts", Integer, primary_key=True),
        Column("seq", Integer, primary_key=True),
        sqlite_with_rowid=False,
    )


messages_by_sender: Table = _by_number("messages_by_sender", "sender")
messages_by_recipient: Table = _by_number("messages_by_recipient", "recipient")

totals: Table = Table(
    "totals",
    metadata,
    Column("name", Text, primary_key=True),  # messages, senders
    Column("value", Integer, nullable=False),
    sqlite_with_rowid=False,
)
counts_by_sender: Table = Table(
    "counts_by_sender",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("messages", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index("busiest_senders", counts_by_sender.c.messages.desc(), counts_by_sender.c.sender)
counts_by_recipient: Table = Table(
    "counts_by_recipient",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("messages", Integer, nullable=False),
    sqlite_with_rowid=False,
)
counts_by_time: Table = Table(
    "counts_by_time",
    metadata,
    Column("width", Integer, primary_key=True),  # of the bucket, in microseconds
    Column("start", Integer, primary_key=True),  # of the bucket, a multiple of its width
    Column("messages", Integer, nullable=False),
    sqlite_with_rowid=False,
)

search: TableClause = table("search", column("rowid", Integer), column("search"))
"""FTS5: which messages hold which three characters in a row. No ordinary table, so not in
`metadata`. Its `rowid` is the `seq`; the column of its own name takes the query."""
