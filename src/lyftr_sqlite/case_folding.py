"""Letter case: what SQLite's `lower()` does, and what `str.casefold` does beyond it.

Texts are searched as `str.casefold` gives them. For nearly all texts SQLite computes the same by
itself, from the letters A to Z alone; only for the others the folded text is stored too.
"""

from sqlalchemy import ColumnElement, func

from lyftr_sqlite.schema import messages

__all__ = ["fold_beyond_ascii", "text_holds"]


def fold_beyond_ascii(text: str) -> str | None:
    """Return the folded text, or `None` where `lower()` of SQLite gives the same."""
    if text.isascii():
        return None
    folded = text.casefold()
    # `bytes.lower` changes A to Z alone, as SQLite does.
    return None if folded.encode() == text.encode().lower() else folded


def text_holds(q: str) -> ColumnElement[bool]:
    """Return the condition that the text of a message holds another, in any letter case."""
    folded = func.coalesce(messages.c.folded, func.lower(messages.c.text))
    return func.instr(folded, q.casefold()) > 0
