"""The conditions of `lyftr_sql.conditions` on the tables of SQLite."""

from lyftr_sql.conditions import Conditions
from lyftr_sqlite.case_folding import text_holds
from lyftr_sqlite.schema import messages, projections

__all__ = ["CONDITIONS"]

CONDITIONS: Conditions = Conditions(messages, projections, text_holds)
