"""The counts, which follow the log."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
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


def downgrade() -> None:
    for table in ("counts_by_time", "counts_by_recipient", "counts_by_sender", "totals"):
        op.drop_table(table)
    op.drop_table("projections")
