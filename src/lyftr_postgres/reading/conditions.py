"""Conditions on the log. That on the text is checked one by one, or found by the index of pg_trgm.

Both mean `q.casefold() in text.casefold()`. The planner can use the index for one of the two
conditions alone, so whoever writes a query decides which way it goes.
"""

import re

from sqlalchemy import ColumnElement, func

from lyftr_postgres.schema.tables import FOLDED, messages, projections
from lyftr_sql.conditions import Conditions

__all__ = ["CONDITIONS", "is_indexed", "text_found"]

_TRIGRAM = re.compile(r"[^\W_]{3}")
"""Three letters or digits in a row: of nothing else does pg_trgm keep all there is
(https://www.postgresql.org/docs/current/pgtrgm.html)."""
_SPECIAL = re.compile(r"[\\%_]")


def is_indexed(q: str) -> bool:
    """Tell whether the index narrows a search down."""
    return _TRIGRAM.search(q.casefold()) is not None


def _text_holds(q: str) -> ColumnElement[bool]:
    """Return the condition that the text of a message holds another, checked one by one."""
    return func.strpos(FOLDED, q.casefold()) > 0


CONDITIONS: Conditions = Conditions(messages, projections, _text_holds)


def text_found(q: str) -> ColumnElement[bool]:
    """Return the same condition in the form for which there is an index."""
    escaped = _SPECIAL.sub(r"\\\g<0>", q.casefold())
    return FOLDED.like(f"%{escaped}%")
