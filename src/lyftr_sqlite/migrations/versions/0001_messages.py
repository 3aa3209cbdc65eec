"""The log of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False, unique=True),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("ts", sa.Integer, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("received_at", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("messages_by_ts", "messages", ["ts", "message_id"])
    op.create_index("messages_by_sender", "messages", ["sender", "ts", "message_id"])
    op.create_index("messages_by_recipient", "messages", ["recipient", "ts", "message_id"])


def downgrade() -> None:
    op.drop_table("messages")
