"""Letter case: what a database's `lower()` does, and what `str.casefold` does beyond it.

Texts are searched as `str.casefold` gives them. For nearly all texts the database computes the same
by itself, from the letters A to Z alone: SQLite's `lower()` does, and that of PostgreSQL in the
collation "C". Only for the others the folded text is stored too.
"""

__all__ = ["fold_beyond_ascii"]


def fold_beyond_ascii(text: str) -> str | None:
    """Return the folded text, or `None` where `lower()` of the database gives the same."""
    if text.isascii():
        return None
    folded = text.casefold()
    # `bytes.lower` changes A to Z alone, as the database does.
    return None if folded.encode() == text.encode().lower() else folded
