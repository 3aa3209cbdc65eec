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
        _make_list(
            key,
            sa.Column(key, sa.Integer, primary_key=True),
            sa.Column("ts", sa.Integer, primary_key=True),
            sa.Column("seq", sa.Integer, primary_key=True),
        )
    _fold_and_merge(_MERGING)


def downgrade() -> None:
    for key in _KEYS:
        _make_list(
            key,
            sa.Column(key, sa.Text, primary_key=True),
            sa.Column("ts", sa.Integer, primary_key=True),
            sa.Column("message_id", sa.Text, primary_key=True),
            sa.Column("seq", sa.Integer, nullable=False),
        )
    _fold_and_merge(_USUAL)


def _make_list(key: str, *columns: sa.Column[object]) -> None:
    op.drop_table(f"messages_by_{key}")
    op.create_table(f"messages_by_{key}", *columns, sqlite_with_rowid=False)


def _fold_and_merge(options: dict[str, int]) -> None:
    """Let the lists be folded anew, and the search index be merged by these options."""
    op.execute(_EMPTY)
    for option, value in options.items():
        op.execute(_CONFIGURE.format(option, value))
