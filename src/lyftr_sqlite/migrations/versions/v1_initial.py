"""The tables of the first release; `lyftr_sqlite.schema.tables` says what is in them."""

from alembic import op

revision = "v1"
down_revision = None

_STATEMENTS = (
    # The log.
    """CREATE TABLE messages (
        seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        message_id TEXT NOT NULL,
        sender TEXT NOT NULL,
        recipient TEXT NOT NULL,
        ts INTEGER NOT NULL,
        text TEXT,
        received_at INTEGER NOT NULL,
        folded TEXT,
        content_hash INTEGER,
        UNIQUE (message_id)
    )""",
    """CREATE TABLE conflicts (
        message_id TEXT NOT NULL,
        fields TEXT NOT NULL,
        first_received_at INTEGER NOT NULL,
        last_received_at INTEGER NOT NULL,
        deliveries INTEGER NOT NULL,
        PRIMARY KEY (message_id, fields)
    ) WITHOUT ROWID""",
    # The projections, which follow the log.
    """CREATE TABLE projections (
        name TEXT NOT NULL PRIMARY KEY,
        through_seq INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """INSERT INTO projections (name, through_seq) VALUES ('messages_by_ts', 0),
        ('messages_by_sender', 0), ('messages_by_recipient', 0), ('counts', 0), ('search', 0)""",
    """CREATE TABLE messages_by_ts (
        ts INTEGER NOT NULL,
        message_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (ts, message_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE messages_by_sender (
        sender INTEGER NOT NULL,
        ts INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (sender, ts, seq)
    ) WITHOUT ROWID""",
    """CREATE TABLE messages_by_recipient (
        recipient INTEGER NOT NULL,
        ts INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (recipient, ts, seq)
    ) WITHOUT ROWID""",
    """CREATE TABLE totals (
        name TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "INSERT INTO totals (name, value) VALUES ('messages', 0), ('senders', 0)",
    """CREATE TABLE counts_by_sender (
        sender TEXT NOT NULL PRIMARY KEY,
        messages INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX busiest_senders ON counts_by_sender (messages DESC, sender)",
    """CREATE TABLE counts_by_recipient (
        recipient TEXT NOT NULL PRIMARY KEY,
        messages INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE counts_by_time (
        width INTEGER NOT NULL,
        start INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        PRIMARY KEY (width, start)
    ) WITHOUT ROWID""",
    """CREATE VIRTUAL TABLE search USING fts5(
        text, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1'
    )""",
    # So that the index is merged in small steps
    # (https://www.sqlite.org/fts5.html#the_usermerge_configuration_option).
    """INSERT INTO search (search, rank)
        VALUES ('automerge', 0), ('usermerge', 16), ('crisismerge', 64)""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
