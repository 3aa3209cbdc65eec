"""What stays of a removed message."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("messages", sa.Column("content_hash", sa.Integer))


def downgrade() -> None:
    # An earlier version takes each row for a message, and an empty one is none.
    op.execute("DELETE FROM messages WHERE content_hash IS NOT NULL")
    op.drop_column("messages", "content_hash")
