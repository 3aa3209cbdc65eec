"""What follows the log of messages, and how a run of the log is folded into each projection.

A projection holds every message up to its own watermark, `projections.through_seq`, and none
beyond it; of removed ones it holds none (`lyftr_sqlite.maintenance.erasing`). Readers add the rest
of the log, the tail, to what the projection says; so each answer is exact, however far behind a
projection is.
"""

import msgspec

from lyftr_sql.time_buckets import DAY, HOUR, MINUTE

__all__ = ["PROJECTIONS", "Projection"]

# The run of the log that is folded in; `lyftr_sqlite.projections.folding` puts in both ends.
_RUN = "FROM messages WHERE content_hash IS NULL AND seq > :low AND seq <= :high"
# Nothing is left to undo of a statement alone, so SQLite writes no journal of it to a file.
_PUT = "INSERT OR ROLLBACK INTO"


class Projection(msgspec.Struct, frozen=True):
    """A table, or a few, derived from the log.

    Attributes:
        name: Its name in the table `projections`.
        fold: Statements that add the messages with `:low < seq <= :high`, `:limit` at most.
        clear: Statements that bring it to where nothing is folded yet.
        at_once: How many messages one transaction folds while webhooks come. More together touch
            fewer pages of a tree; fewer make webhooks wait less.
    """

    name: str
    fold: tuple[str, ...]
    clear: tuple[str, ...]
    at_once: int = 4_096


def _down(moment: str, width: str) -> str:
    """Return the expression that rounds down, before 1970 too."""
    return f"{moment} - (({moment} % {width}) + {width}) % {width}"


def _order(name: str, *columns: str) -> Projection:
    # Sorted, so that each page of the tree is touched once.
    chosen = ", ".join(columns)
    fold = f"{_PUT} {name} SELECT {chosen} {_RUN} ORDER BY {chosen}"
    return Projection(name, (fold,), (f"DELETE FROM {name}",))


_COUNTS = Projection(
    "counts",
    (
        f"UPDATE totals SET value = value + (SELECT count(*) {_RUN}) WHERE name = 'messages'",
        f"""UPDATE totals SET value = value +
                (SELECT count(DISTINCT sender) {_RUN}
                 AND sender NOT IN (SELECT sender FROM counts_by_sender))
            WHERE name = 'senders'""",
        f"""{_PUT} counts_by_sender SELECT sender, count(*) {_RUN} GROUP BY sender
            ON CONFLICT DO UPDATE SET messages = messages + excluded.messages""",
        f"""{_PUT} counts_by_recipient SELECT recipient, count(*) {_RUN} GROUP BY recipient
            ON CONFLICT DO UPDATE SET messages = messages + excluded.messages""",
        # First by the minute, of which there are few, then those by all three.
        f"""{_PUT} counts_by_time SELECT width, {_down("minute", "width")} AS start, sum(count)
            FROM (SELECT {_down("ts", str(MINUTE))} AS minute, count(*) AS count
                  {_RUN} GROUP BY minute),
                (SELECT value AS width FROM json_each('[{MINUTE}, {HOUR}, {DAY}]'))
            WHERE true GROUP BY width, start
            ON CONFLICT DO UPDATE SET messages = messages + excluded.messages""",
    ),
    (
        "DELETE FROM totals",
        "INSERT INTO totals (name, value) VALUES ('messages', 0), ('senders', 0)",
        "DELETE FROM counts_by_sender",
        "DELETE FROM counts_by_recipient",
        "DELETE FROM counts_by_time",
    ),
)
_SEARCH = Projection(
    "search",
    (
        f"INSERT INTO search (rowid, text) SELECT seq, coalesce(folded, lower(text)) {_RUN}",
        # Each run makes a part of its own; sixteen of a size are merged to a larger one, by so many
        # pages at a time. FTS5 by itself would do more at once, and seldom.
        "INSERT INTO search (search, rank) VALUES ('merge', :limit / 16)",
    ),
    ("INSERT INTO search (search) VALUES ('delete-all')",),
    at_once=1_024,  # it costs the same in any number, and by far the most
)

PROJECTIONS = (
    _order("messages_by_ts", "ts", "message_id", "seq"),
    _order("messages_by_sender", "CAST(sender AS INTEGER)", "ts", "seq"),
    _order("messages_by_recipient", "CAST(recipient AS INTEGER)", "ts", "seq"),
    _COUNTS,
    _SEARCH,
)
