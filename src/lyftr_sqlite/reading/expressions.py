"""The search for a text in any letter case, as SQLite does it."""

from sqlalchemy import ColumnElement, func

from lyftr_sql.conditions import Conditions
from lyftr_sqlite.schema.tables import messages, projections

__all__ = ["CONDITIONS", "LENGTH", "is_indexed", "text_holds", "trigram_query"]


def text_holds(q: str) -> ColumnElement[bool]:
    """Return the condition that the text of a message holds another, in any letter case."""
    folded = func.coalesce(messages.c.folded, func.lower(messages.c.text))
    return func.instr(folded, q.casefold()) > 0


CONDITIONS: Conditions = Conditions(messages, projections, text_holds)


LENGTH = 3
_AT_MOST = 64
"""More trigrams hardly make the finds fewer; each is looked up."""


def is_indexed(q: str) -> bool:
    """Tell whether the index can find a text: it needs three characters."""
    return len(q.casefold()) >= LENGTH


def trigram_query(q: str) -> str:
    """Return the query, in the language of FTS5, for texts that hold every trigram of `q`.

    Args:
        q: A text that `is_indexed`.
    """
    folded = q.casefold()
    trigrams = dict.fromkeys(folded[at : at + LENGTH] for at in range(len(folded) - LENGTH + 1))
    quoted = ['"' + trigram.replace('"', '""') + '"' for trigram in trigrams]
    return " AND ".join(quoted[:_AT_MOST])
