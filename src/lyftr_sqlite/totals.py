"""Totals and figures of `lyftr_sql` over the tables of SQLite."""

from typing import Any

from sqlalchemy import ColumnElement, func, select, union_all

from lyftr_core.reading import MessageFilter
from lyftr_sql.figures import Figures
from lyftr_sql.totals import Totals
from lyftr_sqlite.access_paths import by_ts
from lyftr_sqlite.conditions import conditions
from lyftr_sqlite.schema import counts, messages, messages_by_ts

__all__ = ["figures", "totals"]


def _count_one_by_one(query: MessageFilter) -> ColumnElement[int]:
    return by_ts(query).count()


def _extreme(of: Any) -> ColumnElement[int | None]:  # noqa: ANN401 - min or max, generic in SQLAlchemy
    """Return the first or last `ts`; both parts of the union come from the end of an order."""
    ends = union_all(
        select(of(messages_by_ts.c.ts).label("ts")),
        select(of(messages.c.ts)).where(conditions.in_tail(messages_by_ts.name)),
    ).subquery()
    return select(of(ends.c.ts)).scalar_subquery()


totals: Totals = Totals(conditions, counts, _count_one_by_one)
figures: Figures = Figures(conditions, counts, totals, _extreme(func.min), _extreme(func.max))
