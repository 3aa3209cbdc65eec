"""Strategies for few values that meet each other often, each of them awkward."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from lyftr_core import MessageFilter, Order, Position, Selection
from lyftr_core.testing import messages
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST

COMMON = "abc"
"""A word in half of the texts."""
NUMBERS = ("+10", "+100", "+101")
WORDS = (
    *("STRASSE", "stra\u00dfe", "\u00df", "ss", "\u1e9e", "\u0130", "i\u0307", "\u0131", "\ufb03"),
    *("\u017f", "s", "\u212a", "k", "K", "\u00c9", "\u00e9", "e\u0301", "\u03a3", "\u03c2"),
    *("\U0001f600", "\uffff", "\ufffe", "\U00010000", "'", '"', '""', "%", "_", "\\", " ", "\n"),
    *("AND", " OR ", "NOT ", "NEAR(", ")", "*", "^", ":", "-", "text:", "{", "+", "abc", "bcdab"),
)
_BORDERS = (
    EARLIEST,
    LATEST,
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, tzinfo=UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 15, tzinfo=UTC),
    datetime(2026, 1, 15, 10, tzinfo=UTC),
    datetime(2026, 1, 15, 10, 1, tzinfo=UTC),
)
_DISTANCES = (
    timedelta(0),
    *(timedelta(microseconds=n) for n in (-1, 1)),
    *(timedelta(seconds=n) for n in (-61, -30, 30, 60)),
    *(timedelta(hours=n) for n in (-25, -1, 1, 23)),
)


def near(border: datetime, distance: timedelta) -> datetime:
    """Return a moment at a distance from another, no further than the ends of time."""
    if distance > LATEST - border:
        return LATEST
    if distance < EARLIEST - border:
        return EARLIEST
    return border + distance


BORDER_MOMENTS = tuple(sorted({near(b, d) for b in _BORDERS for d in _DISTANCES}))
"""At the borders of minutes, hours and days, before and after 1970, and at the ends of time."""

numbers = st.sampled_from(NUMBERS)
moments = st.sampled_from(BORDER_MOMENTS)
ids = st.integers(0, 99).map("m{}".format) | st.text("aZ\u00e9/\uffff\U00010000", min_size=1)
_rarer = st.lists(st.sampled_from(WORDS), max_size=6).map("".join)
texts = _rarer | _rarer.map(f"{{}}{COMMON}".format)
searches = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join)
new_messages = messages(
    message_id=ids, sender=numbers, recipient=numbers, ts=moments, text=st.none() | texts
)


def filters(q: st.SearchStrategy[str] = searches) -> st.SearchStrategy[MessageFilter]:
    """Generate filters, each restriction in half of them."""
    known = numbers | st.just("+2000000")
    return st.builds(
        MessageFilter,
        sender=st.none() | known,
        recipient=st.none() | known,
        since=st.none() | moments,
        until=st.none() | moments,
        q=st.none() | q,
    )


def selections(queries: st.SearchStrategy[MessageFilter]) -> st.SearchStrategy[Selection]:
    """Generate selections of these filters."""
    return st.builds(
        Selection,
        filter=queries,
        order=st.sampled_from(Order),
        limit=st.integers(1, 5) | st.just(100),
        offset=st.integers(0, 3) | st.just(2**63 - 1),
        after=st.none() | st.builds(Position, moments, ids),
        with_total=st.booleans(),
    )
