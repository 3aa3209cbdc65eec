import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TypeVar

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy
from msgspec.structs import replace

from lyftr_core import Message, MessageFilter, Selection, VerifiedBody, parse, parse_timestamp
from lyftr_core.testing import (
    bodies,
    message_filters,
    message_ids,
    messages,
    moments,
    phone_numbers,
    selections,
    signed_requests,
    standard_signed_requests,
    texts,
    timestamps,
)
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import NOON
from lyftr_core.use_cases.list import MAX_OFFSET

Value = TypeVar("Value")
TICK = NOON + timedelta(microseconds=1)


def reach(strategy: SearchStrategy[Value], condition: Callable[[Value], bool]) -> Value:
    """Return any value that meets a condition, the same one each time; do not shrink it."""
    once = settings(phases=[Phase.generate], database=None, max_examples=2_000)
    return find(strategy, condition, settings=once, random=Random(0))  # noqa: S311 - for tests


def smallest(
    strategy: SearchStrategy[Value], condition: Callable[[Value], object] = lambda _: True
) -> Value:
    """Return what a failure would show for a value that meets a condition."""
    # Not to explain: `find` returns the last value tried, and that phase tries larger ones.
    to_the_end = settings(phases=[Phase.generate, Phase.shrink], database=None, max_examples=2_000)
    return find(strategy, lambda v: bool(condition(v)), settings=to_the_end, random=Random(0))  # noqa: S311 - for tests


def matching(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.search(pattern, value) is not None


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        (message_ids(), "/"),
        (message_ids(), "'"),
        (message_ids(), "é|İ|ß"),
        (message_ids(), "[\U00010000-\U0010ffff]"),
        (message_ids(), "(?s)^.{255}$"),
        (phone_numbers(), r"^\+[0-9]{2}$"),
        (phone_numbers(), r"^\+[0-9]{15}$"),
        (timestamps(), "[0-9]Z$"),
        (timestamps(), r":[0-9]{2}Z$"),
        (timestamps(), r"\.[0-9]{7,}Z$"),
        (timestamps(), "^0001-01-01T00:00:00"),
        (timestamps(), "^9999-12-31T23:59:59"),
        (texts(), "^$"),
        (texts(), "[%_]"),
        (texts(), "[ßİÉ]"),
        (texts(), "[\x01-\x1f]"),
        (texts(), "[\U00010000-\U0010ffff]"),
        (texts(), "(?s)^.{4096}$"),
    ],
)
def test_strategy_reaches(strategy: SearchStrategy[str], wanted: str) -> None:
    assert re.search(wanted, reach(strategy, matching(wanted)))


@pytest.mark.parametrize(
    ("strategy", "unwanted"),
    [(texts(), "[\0\ud800-\udfff]"), (message_ids(), "[\x00-\x1f\x7f-\x9f\ud800-\udfff]")],
)
def test_strategy_never_reaches(strategy: SearchStrategy[str], unwanted: str) -> None:
    with pytest.raises(NoSuchExample):
        reach(strategy, matching(unwanted))


def test_values_shrink_to_simple_ones() -> None:
    assert smallest(message_ids()) == "0"
    assert smallest(phone_numbers()) == "+10"
    assert smallest(texts()) == ""
    assert smallest(timestamps()) == "2000-01-01T00:00:00Z"
    message = smallest(messages())
    assert (message.message_id, message.sender, message.text) == ("0", "+10", None)
    assert smallest(message_filters()) == MessageFilter()


@pytest.mark.parametrize("wanted", ["ß", "%", "😀", "aaa"])
def test_message_that_fails_for_its_text_shrinks_to_that(wanted: str) -> None:
    simplest = smallest(messages())
    message = smallest(messages(), lambda found: wanted in (found.text or ""))
    assert message == replace(simplest, text=wanted)


def test_requests_shrink_to_short_ones() -> None:
    content = b'{"message_id":"0","from":"+10","to":"+10","ts":"2000-01-01T00:00:00Z"}'
    assert smallest(bodies()) == content
    request = smallest(signed_requests("secret"))
    assert request.body == content
    assert [name for name, _ in request.headers] == [b"x-signature"]
    standard = smallest(standard_signed_requests("whsec_c2VjcmV0", at=NOON))
    assert standard.body == content
    assert len(standard.headers) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: message_ids(min_size=0),
        lambda: message_ids(max_size=256),
        lambda: message_ids(min_size=3, max_size=2),
        lambda: phone_numbers(country_code="+91"),
        lambda: phone_numbers(country_code="0"),
        lambda: phone_numbers(country_code="\u0661"),
        lambda: phone_numbers(country_code="1415", max_digits=3),
        lambda: phone_numbers(min_digits=1),
        lambda: phone_numbers(max_digits=16),
        lambda: texts(max_size=4097),
        lambda: texts(min_size=-1),
        lambda: moments(earliest=NOON.replace(tzinfo=None)),
        lambda: moments(earliest=LATEST, latest=EARLIEST),
        lambda: timestamps(latest=NOON.replace(tzinfo=None)),
        lambda: timestamps(max_fraction_digits=-1),
        lambda: timestamps(earliest=TICK, latest=TICK, max_fraction_digits=5),
        lambda: timestamps(earliest=LATEST, max_fraction_digits=0),
        lambda: signed_requests(""),
        lambda: standard_signed_requests("secret", at=NOON),
        lambda: standard_signed_requests("whsec_c2VjcmV0", at=NOON.replace(tzinfo=None)),
    ],
)
def test_wrong_keyword_is_told_at_once(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must"):
        wrong()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (messages, "sender"),
        (message_filters, "q"),
        (selections, "filters"),
        (bodies, "of"),
        (partial(signed_requests, "secret"), "of"),
    ],
)
def test_value_in_place_of_a_strategy_is_told_at_once(
    function: Callable[..., object], name: str
) -> None:
    told = f"{name} must be a Hypothesis strategy, as st.just('x') is"
    with pytest.raises(TypeError, match=re.escape(told)):
        function(**{name: "x"})


@given(message_ids(min_size=2, max_size=4))
def test_identifiers_keep_to_their_sizes(message_id: str) -> None:
    assert 2 <= len(message_id) <= 4


@given(phone_numbers(country_code="1415", min_digits=6, max_digits=9))
def test_phone_numbers_keep_to_their_country_and_digits(number: str) -> None:
    assert re.fullmatch(r"\+1415[0-9]{2,5}", number, re.ASCII)


@given(st.data(), moments(), st.integers(0, 9))
def test_timestamps_keep_to_their_bounds(data: st.DataObject, first: datetime, digits: int) -> None:
    latest = min(LATEST - timedelta(seconds=2), first) + timedelta(seconds=2)
    earliest = min(first, latest - timedelta(seconds=1))
    strategy = timestamps(earliest=earliest, latest=latest, max_fraction_digits=digits)
    found = data.draw(strategy)
    assert earliest <= parse_timestamp(found) <= latest
    assert len(found.partition(".")[2]) <= digits + 1


@given(moments(earliest=NOON))
def test_moments_keep_to_their_bounds(moment: datetime) -> None:
    assert NOON <= moment <= LATEST


@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_moments_reach_the_ends_of_time(moment: datetime) -> None:
    assert reach(moments(), lambda found: found == moment) == moment
    assert 0 < reach(moments(), lambda found: 0 < found.microsecond < 1000).microsecond < 1000


@given(texts(min_size=2, max_size=3))
def test_texts_keep_to_their_bounds(text: str) -> None:
    assert 2 <= len(text) <= 3


@given(
    messages(
        message_id=st.just("m"),
        sender=st.just("+12"),
        recipient=st.just("+13"),
        ts=st.just(NOON),
        text=st.just("t"),
    )
)
def test_fields_of_messages_can_be_given(message: Message) -> None:
    assert message == Message(message_id="m", sender="+12", recipient="+13", ts=NOON, text="t")


def test_fields_of_filters_can_be_given() -> None:
    given_fields = message_filters(
        sender=st.just("+12"),
        recipient=st.just("+13"),
        since=st.just(NOON),
        until=st.just(LATEST),
        q=st.just("t"),
    )
    whole = MessageFilter(sender="+12", recipient="+13", since=NOON, until=LATEST, q="t")
    assert reach(given_fields, lambda query: query == whole) == whole


@given(selections())
def test_selections_keep_to_what_a_reader_takes(selection: Selection) -> None:
    assert 1 <= selection.limit <= 101
    assert 0 <= selection.offset <= MAX_OFFSET


@pytest.mark.parametrize(
    "wanted",
    [
        rb'"message_id"[^"]*"[^"]*".*"message_id"',  # a key that comes twice
        rb'^\{"(?!message_id|from|to|ts|text)',  # an unknown field first
        rb"\\u[0-9a-f]{4}",
        rb"[\x80-\xff]",
        rb"^\s\{",
        rb'"text": ?null',
        rb"\.[0-9]{7,}Z",
    ],
)
def test_bodies_are_written_in_every_way(wanted: bytes) -> None:
    # Short ones: Hypothesis warns where it is to show 30,000 characters.
    found = reach(bodies(), lambda body: len(body) < 5_000 and bool(re.search(wanted, body)))
    assert isinstance(parse(VerifiedBody(found)), Message)


@pytest.mark.parametrize("wanted", ["^sha256=", "^[0-9a-f]+$", "[A-F].*[a-f]"])
def test_signatures_are_written_in_every_way(wanted: str) -> None:
    requests = signed_requests("secret", of=st.just(b"{}"))
    values = requests.map(lambda request: request.header_values(b"x-signature")[0].decode())
    assert re.search(wanted, reach(values, matching(wanted)))


@pytest.mark.parametrize("wanted", ["^v1,", " v1,", "v1a,", "  |^ | $"])
def test_standard_signatures_are_sent_in_every_way(wanted: str) -> None:
    requests = standard_signed_requests("whsec_c2VjcmV0", at=NOON, of=st.just(b"{}"))
    values = requests.map(lambda request: request.header_values(b"webhook-signature")[0])
    found = reach(values.map(lambda value: value.decode("latin-1")), matching(wanted))
    assert re.search(wanted, found)


@pytest.mark.parametrize("age", [-300, 299])
def test_standard_signatures_are_of_moments_up_to_the_tolerance(age: int) -> None:
    requests = standard_signed_requests("whsec_c2VjcmV0", at=NOON, of=st.just(b"{}"))
    times = requests.map(lambda request: int(request.header_values(b"webhook-timestamp")[0]))
    moment = NOON.timestamp() - age
    assert reach(times, lambda time: time == moment) == moment
