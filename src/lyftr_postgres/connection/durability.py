"""What makes one transaction durable, whatever the defaults are, and the advisory locks."""

from psycopg.errors import Diagnostic

from lyftr_core.errors import StorageUnavailable

__all__ = ["COUNTING", "DURABLY", "LOCK_TIMEOUT", "MIGRATING", "CommitWarnings"]

# One transaction of a database holds each lock at a time. The numbers begin with "lyftr" in ASCII,
# so that no other program is likely to use them
# (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
_OURS = int.from_bytes(b"lyftr\0\0\0", "big")

MIGRATING = _OURS + 1
"""Held by who changes the schema."""
COUNTING = _OURS + 2
"""Held by who changes the counts: who folds the log into them, or takes out what is removed."""


LOCK_TIMEOUT = "4s"
"""How long a statement waits for another transaction, which perhaps adds the same message."""

DURABLY = f"""
    set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply'
            ELSE 'on' END, true),
    set_config('client_min_messages', 'warning', true),
    set_config('lock_timeout', '{LOCK_TIMEOUT}', true),
    pg_logical_emit_message(true, 'lyftr', '')"""
"""Columns of a query, for the transaction that it is part of alone.

It waits at its commit for the disk, and for the synchronous standby if there is one; warnings come
through; and it has something to commit, even where every message was there before: its commit is
behind that of whoever stored them, so where this one has come to the disk and to the standby, that
one has too. (It might not have: its own wait may have been cancelled.)
"""


class CommitWarnings:
    """What the server warns of while it commits.

    What a trigger or another function warns of does not count: it has a context, which a commit
    has none of.
    """

    def __init__(self) -> None:
        self._warnings: list[str] = []

    def note(self, notice: Diagnostic) -> None:
        """Take notice of a notice: a handler for a connection."""
        if notice.severity_nonlocalized == "WARNING" and not notice.context:
            self._warnings.append(notice.message_primary or "a warning without words")

    def clear(self) -> None:
        """Forget what came before a transaction."""
        self._warnings.clear()

    def require_none(self) -> None:
        """See that there was none since.

        Raises:
            StorageUnavailable: There was one.
        """
        if self._warnings:
            raise StorageUnavailable(f"the commit is in doubt: {self._warnings[0]}")
