from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import FaultCode, InvalidQuery, Message, MessageFilter, Order
from lyftr_core.selection import check_search_text, recent_hours
from lyftr_core.testing import message_filters, messages, moments, phone_numbers, texts
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import NOON, sample

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def faults_of(**fields: Any) -> list[tuple[str | None, FaultCode]]:  # noqa: ANN401 - of any type
    with pytest.raises(InvalidQuery) as caught:
        MessageFilter(**fields)
    return [(fault.field, fault.code) for fault in caught.value.faults]


@given(messages())
def test_empty_filter_passes_everything(message: Message) -> None:
    assert MessageFilter().matches(message)


@given(phone_numbers(), phone_numbers())
def test_sender_and_recipient_are_exact(one: str, other: str) -> None:
    message = sample(sender=one, recipient=other)
    assert MessageFilter(sender=one, recipient=other).matches(message)
    assert MessageFilter(sender=other).matches(message) is (one == other)
    assert MessageFilter(recipient=one).matches(message) is (one == other)


@given(moments(), moments(), moments())
def test_span_is_half_open(ts: datetime, since: datetime, until: datetime) -> None:
    passes = MessageFilter(since=since, until=until).matches(sample(ts=ts))
    assert passes is (since <= ts < until)


def test_since_is_inclusive_and_until_exclusive() -> None:
    assert MessageFilter(since=NOON).matches(sample(ts=NOON))
    assert not MessageFilter(since=NOON + TICK).matches(sample(ts=NOON))
    assert not MessageFilter(until=NOON).matches(sample(ts=NOON))
    assert MessageFilter(until=NOON + TICK).matches(sample(ts=NOON))


@given(texts(max_size=20), texts(min_size=1, max_size=20), texts(max_size=20))
def test_part_of_a_text_is_found(before: str, q: str, after: str) -> None:
    assert MessageFilter(q=q).matches(sample(text=before + q + after))
    assert MessageFilter(q=q).matches(sample(text=(before + q + after).casefold()))


@given(st.none() | texts(max_size=4), st.text("aAßsSéÉİi%_", min_size=1, max_size=2))
def test_search_compares_by_casefold(text: str | None, q: str) -> None:
    expected = text is not None and q.casefold() in text.casefold()
    assert MessageFilter(q=q).matches(sample(text=text)) is expected


@pytest.mark.parametrize(
    ("q", "text", "found"),
    [
        ("É", "café", True),
        ("SS", "Straße", True),
        ("ß", "STRASSE", True),
        ("İ", "i\u0307", True),
        ("i", "İ", True),
        ("%", "100%", True),
        ("%", "100", False),
        ("_", "ab", False),
        ("é", "e\u0301", False),
        ("a", None, False),
        ("a", "", False),
    ],
)
def test_search_finds_what_holds_it(q: str, text: str | None, found: bool) -> None:  # noqa: FBT001 - a case
    assert MessageFilter(q=q).matches(sample(text=text)) is found


@given(texts(min_size=1, max_size=256))
def test_message_without_a_text_holds_nothing(q: str) -> None:
    assert not MessageFilter(q=q).matches(sample(text=None))
    assert not MessageFilter(q="x").matches(sample(text=None))


@given(moments())
def test_recent_hours_are_whole_and_end_with_that_of_the_last_message(ts: datetime) -> None:
    hours = recent_hours(ts)
    assert hours[-1] <= ts < hours[-1] + HOUR if ts < LATEST - HOUR else hours[-1] <= ts
    assert {(hour.minute, hour.second, hour.microsecond) for hour in hours} == {(0, 0, 0)}
    assert {later - hour for hour, later in pairwise(hours)} <= {HOUR}


def test_recent_hours_are_24_but_where_the_calendar_begins() -> None:
    assert len(recent_hours(NOON)) == 24
    assert recent_hours(EARLIEST + HOUR + TICK) == [EARLIEST, EARLIEST + HOUR]


@given(message_filters(), messages())
def test_every_restriction_must_hold(query: MessageFilter, message: Message) -> None:
    alone = [
        MessageFilter(sender=query.sender),
        MessageFilter(recipient=query.recipient),
        MessageFilter(since=query.since),
        MessageFilter(until=query.until),
        MessageFilter(q=query.q),
    ]
    assert query.matches(message) is all(one.matches(message) for one in alone)


def test_filter_names_every_fault_in_order() -> None:
    assert faults_of(
        sender="",
        recipient="1234",
        since=datetime(2026, 1, 15),  # noqa: DTZ001 - naive is the fault
        until=NOON.astimezone(timezone(timedelta(hours=1))),
        q="",
    ) == [
        ("from", FaultCode.NOT_E164),
        ("to", FaultCode.NOT_E164),
        ("since", FaultCode.NOT_RFC3339),
        ("until", FaultCode.NOT_RFC3339),
        ("q", FaultCode.TOO_SHORT),
    ]


@pytest.mark.parametrize(
    ("q", "code"),
    [
        ("", FaultCode.TOO_SHORT),
        ("a" * 257, FaultCode.TOO_LONG),
        ("\U0001f600" * 257, FaultCode.TOO_LONG),
        ("a\0", FaultCode.NUL_CHARACTER),
        ("\ud800", FaultCode.LONE_SURROGATE),
    ],
)
def test_search_text_is_1_to_256_characters_without_nul(q: str, code: FaultCode) -> None:
    assert faults_of(q=q) == [("q", code)]


def test_search_text_is_a_string() -> None:
    assert faults_of(q=5) == [("q", FaultCode.WRONG_TYPE)]


@given(texts(min_size=1, max_size=256))
def test_any_other_search_text_is_taken(q: str) -> None:
    assert check_search_text(q) is None


@pytest.mark.parametrize("char", ["a", "\U0001f600"])
def test_length_of_a_search_text_is_counted_in_characters(char: str) -> None:
    assert check_search_text(char * 256) is None


def test_orders_are_named_as_on_the_wire() -> None:
    assert [str(order) for order in Order] == ["asc", "desc"]
