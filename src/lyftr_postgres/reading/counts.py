"""Conditions, totals and figures of `lyftr_sql` over the tables of PostgreSQL."""

from sqlalchemy import ColumnElement, func, select

from lyftr_core.selection import MessageFilter
from lyftr_postgres.reading.expressions import text_holds
from lyftr_postgres.schema.tables import counts, messages, projections
from lyftr_sql.conditions import Conditions
from lyftr_sql.figures import Figures
from lyftr_sql.totals import Totals

__all__ = ["conditions", "count_one_by_one", "figures", "totals"]


conditions: Conditions = Conditions(messages, projections, text_holds)


def count_one_by_one(query: MessageFilter) -> ColumnElement[int]:
    """Count the messages that pass a filter, for which no count is kept."""
    passing = conditions.passing(query)
    found = select(func.count()).select_from(messages).where(conditions.present, *passing)
    return found.scalar_subquery()


totals: Totals = Totals(conditions, counts, count_one_by_one)

_ts = messages.c.ts
figures: Figures = Figures(
    conditions,
    counts,
    totals,
    select(func.min(_ts)).where(conditions.present).scalar_subquery(),
    select(func.max(_ts)).where(conditions.present).scalar_subquery(),
)
