"""The search for a text in any letter case, as SQLite does it."""

from sqlalchemy import ColumnElement, func

from lyftr_sqlite.schema import messages

__all__ = ["text_holds"]


def text_holds(q: str) -> ColumnElement[bool]:
    """Return the condition that the text of a message holds another, in any letter case."""
    folded = func.coalesce(messages.c.folded, func.lower(messages.c.text))
    return func.instr(folded, q.casefold()) > 0
