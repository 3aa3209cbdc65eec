"""What makes one transaction durable, whatever the defaults of the server, role or database are."""

__all__ = ["DURABLY", "LOCK_TIMEOUT"]

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
