"""Reading query strings and path segments: whatever arrives, it is a value or a named fault."""

from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlencode

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import (
    InvalidInput,
    InvalidQuery,
    LogRequest,
    MessageFilter,
    Order,
    PageRequest,
    format_timestamp,
)
from lyftr_core.testing import message_filters, message_ids
from lyftr_http.api.parameters import read_list_query, read_message_id
from lyftr_http.exchange.errors import InvalidPath
from tests.support.examples import example_count

_NAMES = [
    *("from", "to", "since", "until", "q"),
    *("limit", "offset", "cursor", "order", "after", "total"),
]
_VALUES = [
    *("", "1", "0", "-1", "1e1", "9" * 30, "asc", "up", "true", "%2B12", "+12", "+1", "%FF", "%00"),
    *("%", "%2", "%zz", "2026-01-15T09:28:35Z", "2026-13-15T09:28:35Z", "\u00ff", "=", "a=b"),
]
_quick = hypothesis.settings(deadline=None, max_examples=example_count(300))


def _queries() -> st.SearchStrategy[bytes]:
    pair = st.builds(
        "{}={}".format, st.sampled_from([*_NAMES, "x", "%71", ""]), st.sampled_from(_VALUES)
    )
    likely = st.lists(pair, max_size=6).map(lambda pairs: "&".join(pairs).encode("latin-1"))
    return st.binary(max_size=60) | likely


def _read(query: bytes) -> tuple[MessageFilter, PageRequest | LogRequest] | InvalidQuery:
    try:
        return read_list_query(query)
    except InvalidQuery as exc:
        return exc


def _read_segment(segment: str) -> str | InvalidPath:
    try:
        return read_message_id(segment)
    except InvalidPath as exc:
        return exc


@given(_queries())
@_quick
def test_any_query_string_is_read_or_refused_with_named_faults(query: bytes) -> None:
    read = _read(query)
    if isinstance(read, InvalidQuery):
        assert read.faults
        assert all(fault.field in _NAMES and fault.msg for fault in read.faults)
    else:
        assert isinstance(read[0], MessageFilter)
        assert isinstance(read[1], PageRequest | LogRequest)


_pages = st.builds(
    PageRequest,
    limit=st.integers(1, 100),
    offset=st.integers(0, 2**63 - 1),
    order=st.sampled_from(Order),
    with_total=st.booleans(),
)


@given(found=message_filters(), page=_pages, space=st.sampled_from(["+", "%20"]))
@_quick
def test_every_query_can_be_written_and_is_read_back(
    found: MessageFilter, page: PageRequest, space: str
) -> None:
    parameters = {
        "from": found.sender,
        "to": found.recipient,
        "since": found.since and format_timestamp(found.since),
        "until": found.until and format_timestamp(found.until),
        "q": found.q,
        "limit": page.limit,
        "offset": page.offset,
        "order": page.order.value,
        "total": "true" if page.with_total else "false",
    }
    query = urlencode({k: v for k, v in parameters.items() if v is not None}).replace("+", space)
    assert read_list_query(query.encode()) == (found, page)


def test_after_asks_for_the_log() -> None:
    assert read_list_query(b"q=a&after=7&limit=3") == (
        MessageFilter(q="a"),
        LogRequest(after=7, limit=3),
    )
    assert read_list_query(b"after=0&cursor=") == (MessageFilter(), LogRequest())


def test_an_empty_query_asks_for_everything() -> None:
    assert read_list_query(b"") == (MessageFilter(), PageRequest())
    assert read_list_query(b"&&") == (MessageFilter(), PageRequest())


@pytest.mark.parametrize(
    "query", [b"from=+12345", b"from=%2B12345", b"from=%2b12345", b"from=%2012345"]
)
def test_a_plus_is_a_plus_however_it_is_written(query: bytes) -> None:
    assert read_list_query(query)[0] == MessageFilter(sender="+12345")


def test_a_plus_elsewhere_is_a_space() -> None:
    assert read_list_query(b"q=+a+%2B")[0] == MessageFilter(q=" a +")


def test_names_may_be_percent_encoded() -> None:
    assert read_list_query(b"%66rom=%2B12345&li%6Dit=7") == (
        MessageFilter(sender="+12345"),
        PageRequest(limit=7),
    )


def test_times_are_cut_to_the_microsecond() -> None:
    found, _ = read_list_query(b"since=2026-01-15T09:28:35.1234569Z")
    assert found.since == datetime(2026, 1, 15, 9, 28, 35, 123456, tzinfo=UTC)


def test_a_value_may_hold_an_equals_sign() -> None:
    assert read_list_query(b"q=a=b")[0] == MessageFilter(q="a=b")


@given(
    st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=40)
    | st.text("%F0a/", max_size=30)
)
@_quick
def test_any_segment_is_read_or_refused_with_a_named_fault(segment: str) -> None:
    read = _read_segment(segment)
    if isinstance(read, InvalidPath):
        assert [fault.field for fault in read.faults] == ["message_id"]
    else:
        assert read == unquote(segment, errors="strict")


@given(message_ids())
@_quick
def test_every_identifier_can_be_written_and_is_read_back(message_id: str) -> None:
    assert read_message_id(quote(message_id, safe="")) == message_id


def test_a_fault_of_the_path_is_one_of_input() -> None:
    assert issubclass(InvalidPath, InvalidInput)
    assert not issubclass(InvalidPath, InvalidQuery)
