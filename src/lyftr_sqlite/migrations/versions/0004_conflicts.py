"""What is kept of deliveries that differed from the message stored under their identifier."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "conflicts",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("fields", sa.Text, primary_key=True),
        sa.Column("first_received_at", sa.Integer, nullable=False),
        sa.Column("last_received_at", sa.Integer, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("conflicts")
