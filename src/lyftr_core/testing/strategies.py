"""Hypothesis strategies for the values of the domain.

Each gives what the rules allow, and often what implementations stumble over: characters outside
the Basic Multilingual Plane, case pairs of unequal length, SQL's special characters, the edges
of every range. None gives a lone surrogate. Where `None` is the default of an argument, it
stands for the widest strategy.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lyftr_core.message import MAX_MESSAGE_ID_LENGTH, MAX_TEXT_LENGTH, Message
from lyftr_core.queries import MAX_LIMIT, MAX_OFFSET
from lyftr_core.reading import MAX_QUERY_LENGTH, MessageFilter, Order, Position, Selection

__all__ = [
    "EARLIEST",
    "LATEST",
    "message_filters",
    "message_ids",
    "messages",
    "moments",
    "phone_numbers",
    "selections",
    "texts",
    "timestamps",
]

EARLIEST = datetime.min.replace(tzinfo=UTC)
"""The first moment that a timestamp can name."""
LATEST = datetime.max.replace(tzinfo=UTC)
"""The last moment that a timestamp can name."""

_PLAIN = datetime(2000, 1, 1, tzinfo=UTC)
_AWKWARD_CHARACTERS = (
    "aA%_\\'\"É\u00e9ßsSİi\u0307\u0131\u03c2\u03c3\u212a/?#+ \u2028\ufeff\uffff\U00010000😀"
)
_AWKWARD_IDS = (
    "a/b",
    "..",
    "%2F",
    "a?b#c",
    "' OR 1=1 --",
    '"',
    "\\",
    " ",
    "İ",
    "e\u0301",
    "\ufeff",
)


def message_ids() -> SearchStrategy[str]:
    """Generate message identifiers, slashes, quotes and emoji among them."""
    allowed = st.characters(exclude_categories=("Cc", "Cs"))
    return st.one_of(
        st.text("abAB01-_", min_size=1, max_size=8),
        st.sampled_from(_AWKWARD_IDS),
        st.text(allowed, min_size=1, max_size=MAX_MESSAGE_ID_LENGTH),
        st.sampled_from(["a", "é", "😀"]).map(lambda char: char * MAX_MESSAGE_ID_LENGTH),
    )


def phone_numbers() -> SearchStrategy[str]:
    """Generate E.164 phone numbers of 2 to 15 digits."""
    return st.integers(10, 10**15 - 1).map("+{}".format)


def moments(
    *, earliest: datetime = EARLIEST, latest: datetime = LATEST
) -> SearchStrategy[datetime]:
    """Generate aware moments in UTC, to the microsecond.

    Args:
        earliest: The first that may come; aware, in UTC.
        latest: The last that may come; aware, in UTC.
    """
    between = st.datetimes(
        earliest.replace(tzinfo=None), latest.replace(tzinfo=None), timezones=st.just(UTC)
    )
    plain = max(earliest, min(latest, _PLAIN))
    return st.sampled_from([plain, earliest, latest]) | between


def timestamps() -> SearchStrategy[str]:
    """Generate timestamps as they may come over the wire, with any number of fractional digits."""
    return st.builds(_timestamp, moments(), st.text("0123456789", max_size=20))


def texts(*, min_size: int = 0, max_size: int = MAX_TEXT_LENGTH) -> SearchStrategy[str]:
    """Generate texts of messages: anything but NUL and surrogates.

    Args:
        min_size: In characters.
        max_size: In characters.
    """
    allowed = st.characters(codec="utf-8", exclude_characters="\0")
    return st.one_of(
        st.text(_AWKWARD_CHARACTERS, min_size=min_size, max_size=max_size),
        st.text(allowed, min_size=min_size, max_size=max_size),
        st.sampled_from(["a", "é", "😀"]).map(lambda char: char * max_size),
    )


def messages(
    *,
    message_id: SearchStrategy[str] | None = None,
    sender: SearchStrategy[str] | None = None,
    recipient: SearchStrategy[str] | None = None,
    ts: SearchStrategy[datetime] | None = None,
    text: SearchStrategy[str | None] | None = None,
) -> SearchStrategy[Message]:
    """Generate messages.

    Narrow a field to make messages meet: `messages(sender=st.just("+919876543210"))`.

    Args:
        message_id: Their identifiers.
        sender: Their senders.
        recipient: Their recipients.
        ts: When they were sent.
        text: Their texts, or `None`.
    """
    return st.builds(
        Message,
        message_id=message_ids() if message_id is None else message_id,
        sender=phone_numbers() if sender is None else sender,
        recipient=phone_numbers() if recipient is None else recipient,
        ts=moments() if ts is None else ts,
        text=st.none() | texts() if text is None else text,
    )


def message_filters(
    *,
    sender: SearchStrategy[str] | None = None,
    recipient: SearchStrategy[str] | None = None,
    since: SearchStrategy[datetime] | None = None,
    until: SearchStrategy[datetime] | None = None,
    q: SearchStrategy[str] | None = None,
) -> SearchStrategy[MessageFilter]:
    """Generate filters. Each restriction is there or not.

    Args:
        sender: What to restrict the sender to.
        recipient: What to restrict the recipient to.
        since: The earliest moment.
        until: The moment before which.
        q: What to search for.
    """
    searches = texts(min_size=1, max_size=MAX_QUERY_LENGTH)
    return st.builds(
        MessageFilter,
        sender=st.none() | (phone_numbers() if sender is None else sender),
        recipient=st.none() | (phone_numbers() if recipient is None else recipient),
        since=st.none() | (moments() if since is None else since),
        until=st.none() | (moments() if until is None else until),
        q=st.none() | (searches if q is None else q),
    )


def selections(
    *,
    filters: SearchStrategy[MessageFilter] | None = None,
    after: SearchStrategy[Position] | None = None,
) -> SearchStrategy[Selection]:
    """Generate selections, small offsets and limits more often than large ones.

    Args:
        filters: Which messages.
        after: Behind which places to begin, where the selection does not begin at the first.
    """
    places = st.builds(Position, moments(), message_ids())
    return st.builds(
        Selection,
        filter=message_filters() if filters is None else filters,
        order=st.sampled_from(Order),
        limit=st.integers(1, 4) | st.integers(1, MAX_LIMIT + 1),
        offset=st.integers(0, 3) | st.sampled_from([2**31, MAX_OFFSET]),
        after=st.none() | (places if after is None else after),
        with_total=st.booleans(),
    )


def _timestamp(moment: datetime, digits: str) -> str:
    whole = moment.replace(tzinfo=None) - timedelta(microseconds=moment.microsecond)
    return whole.isoformat() + (f".{digits}Z" if digits else "Z")
