"""Letter case: what a database's `lower()` does, and what `str.casefold` does beyond it.

Texts are searched as `str.casefold` gives them. For nearly all texts the database computes the
same by itself, from the letters A to Z alone: `lower()` in SQLite, `lower(text COLLATE "C")` in
PostgreSQL. Only for the others the folded text is stored too.
"""

__all__ = ["fold_beyond_ascii"]


def fold_beyond_ascii(text: str) -> str | None:
    """Return the folded text, or `None` where the lower case of A to Z alone gives the same."""
    if text.isascii():
        return None
    folded = text.casefold()
    # `bytes.lower` changes A to Z alone, as the databases do.
    return None if folded.encode() == text.encode().lower() else folded
