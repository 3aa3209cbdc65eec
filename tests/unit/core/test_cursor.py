import base64
import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lyftr_core import (
    FaultCode,
    InvalidQuery,
    MessageFilter,
    Order,
    Position,
    decode_cursor,
    encode_cursor,
)
from lyftr_core.testing import message_filters, message_ids, moments
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import EVERYTHING, NOON

POSITIONS = st.builds(Position, moments(), message_ids())
ORDERS = st.sampled_from(Order)
CURSOR = encode_cursor(Position(NOON, "m1"), EVERYTHING, Order.ASCENDING)
FINGERPRINT = json.loads(base64.urlsafe_b64decode(CURSOR + "=" * (-len(CURSOR) % 4)))[0]


def code_of(cursor: str) -> FaultCode:
    with pytest.raises(InvalidQuery) as caught:
        decode_cursor(cursor, EVERYTHING, Order.ASCENDING)
    (fault,) = caught.value.faults
    assert fault.field == "cursor"
    return fault.code


def forged(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@given(POSITIONS, message_filters(), ORDERS)
def test_cursor_is_read_back_as_its_position(
    position: Position, query: MessageFilter, order: Order
) -> None:
    assert decode_cursor(encode_cursor(position, query, order), query, order) == position


def test_cursors_that_clients_hold_outlive_a_release() -> None:
    cursor = encode_cursor(Position(NOON, "m1"), EVERYTHING, Order.ASCENDING)
    assert cursor == "WyJhYTA5MzY2ZDk2MGFkMzU4IiwxNzY4NDc4NDAwMDAwMDAwLCJtMSJd"


@given(POSITIONS, message_filters(), ORDERS)
def test_cursor_needs_no_escaping_in_a_url(
    position: Position, query: MessageFilter, order: Order
) -> None:
    cursor = encode_cursor(position, query, order)
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(POSITIONS, message_filters(), message_filters(), ORDERS)
def test_cursor_of_another_filter_is_a_mismatch(
    position: Position, query: MessageFilter, other: MessageFilter, order: Order
) -> None:
    assume(query != other)
    with pytest.raises(InvalidQuery) as caught:
        decode_cursor(encode_cursor(position, query, order), other, order)
    assert [fault.code for fault in caught.value.faults] == [FaultCode.CURSOR_MISMATCH]


@pytest.mark.parametrize(
    "other",
    [
        MessageFilter(sender="+12"),
        MessageFilter(recipient="+12"),
        MessageFilter(since=NOON),
        MessageFilter(until=NOON),
        MessageFilter(q="+12"),
    ],
)
def test_each_restriction_counts_and_in_its_own_place(other: MessageFilter) -> None:
    queries = [
        EVERYTHING,
        MessageFilter(sender="+12"),
        MessageFilter(recipient="+12"),
        MessageFilter(since=NOON),
        MessageFilter(until=NOON),
        MessageFilter(q="+12"),
    ]
    cursor = encode_cursor(Position(NOON, "m1"), other, Order.ASCENDING)
    taken = []
    for query in queries:
        with suppress(InvalidQuery):
            decode_cursor(cursor, query, Order.ASCENDING)
            taken.append(query)
    assert taken == [other]


@given(POSITIONS, message_filters(), ORDERS)
def test_cursor_of_the_other_order_is_a_mismatch(
    position: Position, query: MessageFilter, order: Order
) -> None:
    (other,) = set(Order) - {order}
    with pytest.raises(InvalidQuery) as caught:
        decode_cursor(encode_cursor(position, query, order), query, other)
    assert [fault.code for fault in caught.value.faults] == [FaultCode.CURSOR_MISMATCH]


@given(st.text() | st.text("abcdefgxyzABC019-_=+/"))
def test_any_other_string_raises_nothing_but_invalid_query(cursor: str) -> None:
    assert code_of(cursor) is FaultCode.INVALID_CURSOR


def test_the_other_alphabet_of_base64_is_none_of_a_cursor() -> None:
    """RFC 4648, section 5; Python 3.15 warns where a reader takes both."""
    cursor = encode_cursor(Position(NOON, "~???~>>>"), EVERYTHING, Order.ASCENDING)
    other = cursor.replace("-", "+").replace("_", "/")
    assert other != cursor
    assert code_of(other) is FaultCode.INVALID_CURSOR


@given(st.binary())
def test_any_bytes_in_a_cursor_raise_nothing_but_invalid_query(content: bytes) -> None:
    assert code_of(forged(content)) is FaultCode.INVALID_CURSOR


@given(st.text(max_size=3), st.integers(), st.text(st.characters(), max_size=3))
def test_any_content_of_the_right_shape_is_read_or_refused(
    fingerprint: str, count: int, message_id: str
) -> None:
    code = code_of(forged(json.dumps([fingerprint, count, message_id]).encode()))
    assert code in {FaultCode.INVALID_CURSOR, FaultCode.CURSOR_MISMATCH}


@given(st.integers(0, len(CURSOR) - 1), st.characters())
def test_changed_cursor_is_read_or_refused(place: int, char: str) -> None:
    with suppress(InvalidQuery):
        changed = CURSOR[:place] + char + CURSOR[place + 1 :]
        assert isinstance(decode_cursor(changed, EVERYTHING, Order.ASCENDING), Position)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"null", b"{}", b"[]", b"[1, 2, 3]", b'["a", 1]', b'["a", 1, "m", 1]', b"[" * 9_999),
        *(b'["%s", 1.5, "m"]', b'["%s", "1", "m"]', b'["%s", null, "m"]', b'["%s", 1, ""]'),
        *(b'["%s", 1, "a\\n"]', b'["%s", 1, "\\ud800"]', b'["%s", 1, "\xff"]', b'["%s", 1, "m"'),
        *(b'["%s", 253402300800000000, "m"]', b'["%s", -62135596800000001, "m"]'),
        *(b'["%s", 9223372036854775808, "m"]', b'["%s", 1e30, "m"]', b'["%s", 1e999, "m"]'),
        *(b'["%s", ' + b"9" * 5_000 + b', "m"]', b'["%s", 1, "' + b"m" * 256 + b'"]'),
    ],
)
def test_forged_cursor_is_refused(content: bytes) -> None:
    filled = content.replace(b"%s", FINGERPRINT.encode())
    assert code_of(forged(filled)) is FaultCode.INVALID_CURSOR


@pytest.mark.parametrize(
    "cursor",
    ["", " ", "=", "a", "é", "\ud800", "\0", "🙂", CURSOR[:-1], f"{CURSOR}\n", f" {CURSOR}"],
)
def test_string_that_is_no_cursor_is_refused(cursor: str) -> None:
    assert code_of(cursor) is FaultCode.INVALID_CURSOR


@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_cursor_reaches_the_ends_of_time(moment: datetime) -> None:
    position = Position(moment, "m1")
    cursor = encode_cursor(position, EVERYTHING, Order.DESCENDING)
    assert decode_cursor(cursor, EVERYTHING, Order.DESCENDING) == position


def test_cursor_of_an_equal_filter_fits() -> None:
    gmt = NOON.replace(tzinfo=timezone(timedelta(0), "GMT"))
    cursor = encode_cursor(Position(NOON, "m1"), MessageFilter(since=gmt), Order.ASCENDING)
    assert decode_cursor(cursor, MessageFilter(since=NOON), Order.ASCENDING).message_id == "m1"
