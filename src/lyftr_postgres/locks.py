"""The advisory locks, each of which one transaction of a database holds at a time.

Their numbers are ours alone as far as one can tell: they begin with "lyftr" in ASCII
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

__all__ = ["COUNTING", "MIGRATING"]

_OURS = int.from_bytes(b"lyftr\0\0\0", "big")

MIGRATING = _OURS + 1
"""Held by who changes the schema."""
COUNTING = _OURS + 2
"""Held by who changes the counts: who folds the log into them, or takes out what is removed."""
