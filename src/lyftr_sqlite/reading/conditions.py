"""The conditions on the log in SQLite, and its search for a text in any letter case."""

from sqlalchemy import ColumnElement, Select, func, select

from lyftr_sql.conditions import Conditions
from lyftr_sqlite.schema.tables import messages, projections, search

__all__ = ["CONDITIONS", "is_indexed", "trigram_matches", "trigram_query"]


def _text_holds(q: str) -> ColumnElement[bool]:
    """Return the condition that the text of a message holds another, in any letter case."""
    folded = func.coalesce(messages.c.folded, func.lower(messages.c.text))
    return func.instr(folded, q.casefold()) > 0


CONDITIONS: Conditions = Conditions(messages, projections, _text_holds)
_LENGTH = 3
_AT_MOST = 64
"""More trigrams hardly make the finds fewer; each is looked up."""


def is_indexed(q: str) -> bool:
    """Tell whether the index can find a text: it needs three characters."""
    return len(q.casefold()) >= _LENGTH


def trigram_matches(q: str) -> Select[int]:
    """Return the `seq` of each message that the index finds for a text that `is_indexed`."""
    return select(search.c.rowid).where(search.c.search.match(trigram_query(q)))


def trigram_query(q: str) -> str:
    """Return the query, in the language of FTS5, for texts that hold every trigram of `q`."""
    folded = q.casefold()
    trigrams = dict.fromkeys(folded[at : at + _LENGTH] for at in range(len(folded) - _LENGTH + 1))
    quoted = ['"' + trigram.replace('"', '""') + '"' for trigram in trigrams]
    return " AND ".join(quoted[:_AT_MOST])
