"""The projections that follow the log, instead of indexes on it."""

import sqlite3
from typing import cast

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ORDERS = {"ts": (), "sender": ("sender",), "recipient": ("recipient",)}
_HAS_MORE_THAN_ASCII = "text GLOB '*[^\x01-\x7f]*'"


def upgrade() -> None:
    op.add_column("messages", sa.Column("folded", sa.Text))
    _fill_folded()
    for name, key in _ORDERS.items():
        op.drop_index(f"messages_by_{name}")
        op.create_table(
            f"messages_by_{name}",
            *(sa.Column(column, sa.Text, primary_key=True) for column in key),
            sa.Column("ts", sa.Integer, primary_key=True),
            sa.Column("message_id", sa.Text, primary_key=True),
            sa.Column("seq", sa.Integer, nullable=False),
            sqlite_with_rowid=False,
        )
    _create_counts()
    op.execute(
        "CREATE VIRTUAL TABLE search USING fts5(text, content='', columnsize=0, detail=none,"
        " tokenize='trigram case_sensitive 1')"
    )
    op.create_table(
        "projections",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("through_seq", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO projections VALUES ('messages_by_ts', 0), ('messages_by_sender', 0),"
        " ('messages_by_recipient', 0), ('counts', 0), ('search', 0)"
    )


def _create_counts() -> None:
    op.create_table(
        "totals",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO totals VALUES ('messages', 0), ('senders', 0)")
    for key in ("sender", "recipient"):
        op.create_table(
            f"counts_by_{key}",
            sa.Column(key, sa.Text, primary_key=True),
            sa.Column("messages", sa.Integer, nullable=False),
            sqlite_with_rowid=False,
        )
    op.create_index("busiest_senders", "counts_by_sender", [sa.text("messages DESC"), "sender"])
    op.create_table(
        "counts_by_time",
        sa.Column("width", sa.Integer, primary_key=True),
        sa.Column("start", sa.Integer, primary_key=True),
        sa.Column("messages", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def _fill_folded() -> None:
    """Give each text its folded form where SQLite's lower() would give another."""
    connection = op.get_bind()
    database = cast("sqlite3.Connection", connection.connection.driver_connection)
    database.create_function("fold", 1, _fold)
    connection.exec_driver_sql(
        f"UPDATE messages SET folded = fold(text) WHERE {_HAS_MORE_THAN_ASCII}"
    )


def _fold(text: str) -> str | None:
    folded = text.casefold()
    return None if folded.encode() == text.encode().lower() else folded


def downgrade() -> None:
    op.execute("DROP TABLE search")
    for name in ("counts_by_time", "counts_by_recipient", "counts_by_sender"):
        op.drop_table(name)
    for name in ("projections", "totals", *(f"messages_by_{order}" for order in _ORDERS)):
        op.drop_table(name)
    op.drop_column("messages", "folded")
    for name, key in _ORDERS.items():
        op.create_index(f"messages_by_{name}", "messages", [*key, "ts", "message_id"])
