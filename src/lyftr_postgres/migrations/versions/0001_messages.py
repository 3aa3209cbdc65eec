"""The log of messages, and what is kept of conflicts."""

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    """CREATE TABLE messages (
        message_id text COLLATE "C" NOT NULL PRIMARY KEY,
        seq bigint NOT NULL,
        sender text COLLATE "C" NOT NULL,
        recipient text COLLATE "C" NOT NULL,
        ts bigint NOT NULL,
        text text COLLATE "C",
        received_at bigint NOT NULL,
        folded text COLLATE "C",
        content_hash bigint
    )""",
    "CREATE INDEX messages_by_seq ON messages (seq)",
    """CREATE INDEX messages_by_ts ON messages (ts, message_id)
        WHERE content_hash IS NULL""",
    """CREATE INDEX messages_by_sender ON messages (sender, ts, message_id)
        WHERE content_hash IS NULL""",
    """CREATE INDEX messages_by_recipient ON messages (recipient, ts, message_id)
        WHERE content_hash IS NULL""",
    """CREATE TABLE conflicts (
        message_id text COLLATE "C" NOT NULL,
        fields text COLLATE "C" NOT NULL,
        first_received_at bigint NOT NULL,
        last_received_at bigint NOT NULL,
        deliveries bigint NOT NULL,
        PRIMARY KEY (message_id, fields)
    )""",
    "CREATE TABLE log_base (base bigint NOT NULL PRIMARY KEY)",
    "INSERT INTO log_base (base) VALUES (0)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("messages", "conflicts", "log_base"):
        op.drop_table(table)
