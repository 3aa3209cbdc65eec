"""The search index: what it can be asked, and how (https://www.sqlite.org/fts5.html#trigram).

The index knows which texts hold which three characters in a row. A text that holds all trigrams of
`q` need not hold `q`, so each find is checked against the text.
"""

__all__ = ["LENGTH", "is_indexed", "trigram_query"]

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
