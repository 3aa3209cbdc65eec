"""The statistics of `lyftr_sql.figures` from the tables of SQLite."""

from typing import Any

from sqlalchemy import ColumnElement, func, select, union_all

from lyftr_sql.figures import Figures
from lyftr_sql.totals import CountTables, Totals
from lyftr_sqlite.reading.access_paths import by_ts
from lyftr_sqlite.reading.expressions import CONDITIONS
from lyftr_sqlite.schema.tables import (
    counts_by_recipient,
    counts_by_sender,
    counts_by_time,
    messages,
    messages_by_ts,
    totals,
)

__all__ = ["COUNTS", "FIGURES", "TOTALS"]

COUNTS: CountTables = CountTables(totals, counts_by_sender, counts_by_recipient, counts_by_time)
TOTALS: Totals = Totals(CONDITIONS, COUNTS, lambda query: by_ts(query).count())


def _extreme(of: Any) -> ColumnElement[int | None]:  # noqa: ANN401 - min or max, generic in SQLAlchemy
    """Return the first or last `ts`; both parts of the union come from the end of an order."""
    ends = union_all(
        select(of(messages_by_ts.c.ts).label("ts")),
        select(of(messages.c.ts)).where(CONDITIONS.in_tail("messages_by_ts")),
    ).subquery()
    return select(of(ends.c.ts)).scalar_subquery()


FIGURES: Figures = Figures(CONDITIONS, COUNTS, TOTALS, _extreme(func.min), _extreme(func.max))
