"""Hypothesis strategies for what the domain makes of its fields: messages, filters, selections.

Where `None` is the default of an argument, it stands for the widest strategy.
"""

from datetime import datetime

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lyftr_core.message import Message
from lyftr_core.selection import MAX_QUERY_LENGTH, MessageFilter, Order, Position, Selection
from lyftr_core.testing.strategies.fields import message_ids, moments, phone_numbers, texts
from lyftr_core.testing.strategies.keywords import one_given
from lyftr_core.use_cases.list import MAX_LIMIT, MAX_OFFSET

__all__ = ["message_filters", "messages", "selections"]


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

    Raises:
        TypeError: An argument is no strategy.

    Example:
        >>> from hypothesis import given
        >>> @given(messages(sender=phone_numbers(country_code="91"), text=st.none()))
        ... def test_message_without_text_is_no_reply(message):
        ...     assert message.text is None and message.sender.startswith("+91")
        >>> test_message_without_text_is_no_reply()
    """
    return st.builds(
        Message,
        message_id=one_given("message_id", message_id, message_ids),
        sender=one_given("sender", sender, phone_numbers),
        recipient=one_given("recipient", recipient, phone_numbers),
        ts=one_given("ts", ts, moments),
        text=one_given("text", text, lambda: st.none() | texts()),
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

    Raises:
        TypeError: An argument is no strategy.

    Example:
        >>> from hypothesis import given
        >>> @given(message_filters(q=st.just("hi")))
        ... def test_search_is_there_or_not(query):
        ...     assert query.q in (None, "hi")
        >>> test_search_is_there_or_not()
    """
    searches = texts(min_size=1, max_size=MAX_QUERY_LENGTH)
    return st.builds(
        MessageFilter,
        sender=st.none() | one_given("sender", sender, phone_numbers),
        recipient=st.none() | one_given("recipient", recipient, phone_numbers),
        since=st.none() | one_given("since", since, moments),
        until=st.none() | one_given("until", until, moments),
        q=st.none() | one_given("q", q, lambda: searches),
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

    Raises:
        TypeError: An argument is no strategy.
    """
    places = st.builds(Position, moments(), message_ids())
    return st.builds(
        Selection,
        filter=one_given("filters", filters, message_filters),
        order=st.sampled_from(Order),
        limit=st.integers(1, 4) | st.integers(1, MAX_LIMIT + 1),
        offset=st.integers(0, 3) | st.sampled_from([2**31, MAX_OFFSET]),
        after=st.none() | one_given("after", after, lambda: places),
        with_total=st.booleans(),
    )
