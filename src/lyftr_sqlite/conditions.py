"""Conditions on the messages of SQLite; `lyftr_sql.conditions` says what they are."""

from sqlalchemy import ColumnElement

from lyftr_sql.conditions import Conditions
from lyftr_sqlite.case_folding import text_holds
from lyftr_sqlite.schema import messages, projections

__all__ = ["PRESENT", "conditions"]

conditions: Conditions = Conditions(messages, projections, text_holds)
PRESENT: ColumnElement[bool] = conditions.present
"""The condition that a row of the log is a message, and not what stays of a removed one."""
