"""The tables as this version of the program uses them. Migrations make them.

The table of messages is a log: rows are appended, and never changed but for those of removed
messages, which are emptied. `message_id` is its only unique key, so that the table can be
distributed by it; the order of the log, `seq`, comes from the transaction that wrote the row
(`lyftr_postgres.connection.log_order`). The counts are projections, which follow the log.
Times are integers, microseconds since 1970-01-01T00:00:00Z. Texts that are compared or sorted have
the collation "C", which is the order of code points in UTF-8.
"""

from sqlalchemy import BigInteger, Column, ColumnElement, Index, MetaData, Table, Text, func

from lyftr_sql.totals import CountTables

__all__ = [
    "FOLDED",
    "SEARCH_INDEX",
    "conflicts",
    "counts",
    "log_base",
    "messages",
    "metadata",
    "projections",
]

SEARCH_INDEX = "messages_by_trigrams"
"""The index of pg_trgm; it is there only where the extension is."""

metadata: MetaData = MetaData()
_text = Text(collation="C")

messages: Table = Table(
    "messages",
    metadata,
    Column("message_id", _text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("sender", _text, nullable=False),
    Column("recipient", _text, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("text", _text),
    Column("received_at", BigInteger, nullable=False),
    # The text as `str.casefold` gives it, where lower() in the collation "C" gives another.
    Column("folded", _text),
    # What stays of a removed message; its other columns are then empty. Else NULL.
    Column("content_hash", BigInteger),
)
FOLDED: ColumnElement[str] = func.coalesce(messages.c.folded, func.lower(messages.c.text))
"""The text as `str.casefold` gives it; the search index is on the same expression."""
_PRESENT = messages.c.content_hash.is_(None)

Index("messages_by_seq", messages.c.seq)
for _name, _columns in {
    "messages_by_ts": ("ts", "message_id"),
    "messages_by_sender": ("sender", "ts", "message_id"),
    "messages_by_recipient": ("recipient", "ts", "message_id"),
}.items():
    Index(_name, *(messages.c[column] for column in _columns), postgresql_where=_PRESENT)

conflicts: Table = Table(
    "conflicts",
    metadata,
    Column("message_id", _text, primary_key=True),
    Column("fields", _text, primary_key=True),  # those that differ, as in from,text
    Column("first_received_at", BigInteger, nullable=False),
    Column("last_received_at", BigInteger, nullable=False),
    Column("deliveries", BigInteger, nullable=False),
)

log_base: Table = Table(
    "log_base",
    metadata,
    # One row: what is added to the number of a transaction, so that `seq` grows in this database
    # though it came from another server, whose numbers were higher.
    Column("base", BigInteger, primary_key=True, autoincrement=False),
)

projections: Table = Table(
    "projections",
    metadata,
    Column("name", _text, primary_key=True),
    # The projection holds every message up to this seq, and none beyond it.
    Column("through_seq", BigInteger, nullable=False),
)

counts: CountTables = CountTables(
    totals=Table(
        "totals",
        metadata,
        Column("name", _text, primary_key=True),  # messages, senders
        Column("value", BigInteger, nullable=False),
    ),
    by_sender=Table(
        "counts_by_sender",
        metadata,
        Column("sender", _text, primary_key=True),
        Column("messages", BigInteger, nullable=False),
    ),
    by_recipient=Table(
        "counts_by_recipient",
        metadata,
        Column("recipient", _text, primary_key=True),
        Column("messages", BigInteger, nullable=False),
    ),
    by_time=Table(
        "counts_by_time",
        metadata,
        # The width of the bucket, in microseconds, and its beginning, a multiple of the width.
        Column("width", BigInteger, primary_key=True, autoincrement=False),
        Column("start", BigInteger, primary_key=True, autoincrement=False),
        Column("messages", BigInteger, nullable=False),
    ),
)
Index("busiest_senders", counts.by_sender.c.messages.desc(), counts.by_sender.c.sender)
