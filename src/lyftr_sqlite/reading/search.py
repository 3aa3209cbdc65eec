"""The ways of SQLite to the messages of a selection; `lyftr_sql.search_plan` chooses among them."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from lyftr_core.selection import MessageFilter
from lyftr_sql.search_plan import Search, Way, ask
from lyftr_sql.totals import CountTables, Totals
from lyftr_sqlite.reading.access_paths import (
    AccessPath,
    by_recipient,
    by_sender,
    by_trigrams,
    by_ts,
)
from lyftr_sqlite.reading.conditions import CONDITIONS, is_indexed, trigram_matches
from lyftr_sqlite.schema.tables import (
    counts_by_recipient,
    counts_by_sender,
    counts_by_time,
    totals,
)

__all__ = ["COUNTS", "TOTALS", "SqliteSearch"]

COUNTS: CountTables = CountTables(totals, counts_by_sender, counts_by_recipient, counts_by_time)
TOTALS: Totals = Totals(CONDITIONS, COUNTS, lambda query: by_ts(query).count())


class SqliteSearch(Search):
    """Answers selections from the lists that follow the log, or from the index of FTS5."""

    def __init__(self) -> None:
        super().__init__(CONDITIONS, TOTALS, "seq")

    async def find_way(self, connection: AsyncConnection, query: MessageFilter) -> Way:
        """Walk the list of a number if one is given; of two, the one with fewer messages."""
        q = query.q if query.q is not None and is_indexed(query.q) else None
        if query.sender is None:
            return Way(by_ts if query.recipient is None else by_recipient, q)
        if query.recipient is not None:
            received = TOTALS.count_by_recipient(query.recipient)
            if await ask(connection, received < TOTALS.count_by_sender(query.sender)):
                return Way(by_recipient, q)
        return Way(by_sender, q)

    def found(self, query: MessageFilter, q: str) -> AccessPath:
        """Look at what holds the trigrams of `q`."""
        return by_trigrams(query, q)

    def finds(self, q: str) -> Select[Any]:
        """Return the messages that hold the trigrams of `q`."""
        return trigram_matches(q)
