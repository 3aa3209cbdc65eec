"""The tables of the first release; `lyftr_postgres.schema.tables` says what is in them.

The search index is not among them: `lyftr_postgres.schema.search_index` makes it where it can.
"""

from alembic import op

revision = "v1"
down_revision = None

_STATEMENTS = (
    # The log.
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
    # The counts, which follow the log.
    """CREATE TABLE projections (
        name text COLLATE "C" NOT NULL PRIMARY KEY,
        through_seq bigint NOT NULL
    )""",
    "INSERT INTO projections (name, through_seq) VALUES ('counts', 0)",
    """CREATE TABLE totals (
        name text COLLATE "C" NOT NULL PRIMARY KEY,
        value bigint NOT NULL
    )""",
    "INSERT INTO totals (name, value) VALUES ('messages', 0), ('senders', 0)",
    """CREATE TABLE counts_by_sender (
        sender text COLLATE "C" NOT NULL PRIMARY KEY,
        messages bigint NOT NULL
    )""",
    "CREATE INDEX busiest_senders ON counts_by_sender (messages DESC, sender)",
    """CREATE TABLE counts_by_recipient (
        recipient text COLLATE "C" NOT NULL PRIMARY KEY,
        messages bigint NOT NULL
    )""",
    """CREATE TABLE counts_by_time (
        width bigint NOT NULL,
        start bigint NOT NULL,
        messages bigint NOT NULL,
        PRIMARY KEY (width, start)
    )""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
