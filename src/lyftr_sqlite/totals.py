"""The counts of `lyftr_sql.totals` from the tables of SQLite."""

from lyftr_sql.totals import CountTables, Totals
from lyftr_sqlite.access_paths import by_ts
from lyftr_sqlite.conditions import CONDITIONS
from lyftr_sqlite.schema import (
    counts_by_recipient,
    counts_by_sender,
    counts_by_time,
    totals,
)

__all__ = ["COUNTS", "TOTALS"]

COUNTS: CountTables = CountTables(totals, counts_by_sender, counts_by_recipient, counts_by_time)
TOTALS: Totals = Totals(CONDITIONS, COUNTS, lambda query: by_ts(query).count())
