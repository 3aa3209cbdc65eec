"""Databases as versions before the first release made them."""

from tests.support.databases import execute

__all__ = ["REVISIONS", "UNRELEASED", "make_oldest", "set_revision"]

REVISIONS = {
    "sqlite": ("0001", "0002", "0003", "0004", "0005"),
    "postgresql": ("0001", "0002"),
}
"""The identifiers that such databases have."""
UNRELEASED = (
    "{name} was made before the first release of lyftr (schema {revision}); to move its messages,"
    " run lyftr export of the version that made it, then lyftr import of this one with a new"
    " database"
)
_OLDEST = {
    "sqlite": (
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('0001')",
        """CREATE TABLE messages (
            seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            message_id TEXT NOT NULL UNIQUE,
            sender TEXT NOT NULL,
            recipient TEXT NOT NULL,
            ts INTEGER NOT NULL,
            text TEXT,
            received_at INTEGER NOT NULL
        )""",
        "CREATE INDEX messages_by_ts ON messages (ts, message_id)",
        "CREATE INDEX messages_by_sender ON messages (sender, ts, message_id)",
        "CREATE INDEX messages_by_recipient ON messages (recipient, ts, message_id)",
        "INSERT INTO messages VALUES (1, 'm1', '+12', '+13', 0, 'hello', 0)",
    ),
    "postgresql": (
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('0001')",
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
        "CREATE TABLE log_base (base bigint NOT NULL PRIMARY KEY)",
        "INSERT INTO log_base (base) VALUES (0)",
        "INSERT INTO messages VALUES ('m1', 1, '+12', '+13', 0, 'hello', 0)",
    ),
}


def make_oldest(url: str) -> None:
    """Make the tables of the very first revision in a new database, with one message."""
    for statement in _OLDEST[url.partition(":")[0]]:
        execute(url, statement)


def set_revision(url: str, revision: str) -> None:
    """Give a database the identifier of another revision, and nothing else of it."""
    execute(url, f"UPDATE alembic_version SET version_num = '{revision}'")  # noqa: S608 - ours
