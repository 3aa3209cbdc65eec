"""Shorter entries in the lists by phone number, and merges of the search index in small steps."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEYS = ("sender", "recipient")
# Folded anew from the log at the next start.
_EMPTY = (
    "UPDATE projections SET through_seq = 0"
    " WHERE name IN ('messages_by_sender', 'messages_by_recipient')"
)
# https://www.sqlite.org/fts5.html#the_usermerge_configuration_option
_MERGING = {"automerge": 0, "usermerge": 16, "crisismerge": 64}
_USUAL = {"automerge": 4, "usermerge": 4, "crisismerge": 16}
_CONFIGURE = "INSERT INTO search (search, rank) VALUES ('{}', {})"


def upgrade() -> None:
    for key in _KEYS:
        op.drop_table(f"messages_by_{key}")
        op.create_table(
            f"messages_by_{key}",
            sa.Column(key, sa.Integer, primary_key=True),
            sa.Column("ts", sa.Integer, primary_key=True),
            sa.Column("seq", sa.Integer, primary_key=True),
            sqlite_with_rowid=False,
        )
    op.execute(_EMPTY)
    for option, value in _MERGING.items():
        op.execute(_CONFIGURE.format(option, value))


def downgrade() -> None:
    for key in _KEYS:
        op.drop_table(f"messages_by_{key}")
        op.create_table(
            f"messages_by_{key}",
            sa.Column(key, sa.Text, primary_key=True),
            sa.Column("ts", sa.Integer, primary_key=True),
            sa.Column("message_id", sa.Text, primary_key=True),
            sa.Column("seq", sa.Integer, nullable=False),
            sqlite_with_rowid=False,
        )
    op.execute(_EMPTY)
    for option, value in _USUAL.items():
        op.execute(_CONFIGURE.format(option, value))
