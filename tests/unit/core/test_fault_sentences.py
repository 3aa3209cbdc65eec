"""What a sender is told of each fault: one plain sentence, which says what is taken."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from lyftr_core import (
    Fault,
    FaultCode,
    InvalidInput,
    Message,
    MessageFilter,
    Order,
    PageRequest,
    Position,
    VerifiedBody,
    decode_cursor,
    encode_cursor,
    parse,
)
from lyftr_core.testing.strategies.samples import EVERYTHING, FIELDS, NOON, sample

NUMBER = "must be an E.164 phone number: + and 2 to 15 digits, the first not 0"
TIMESTAMP = "must be an RFC 3339 time in UTC, as in 2026-01-15T09:28:35Z"
MOMENT = "must be an aware datetime in UTC"
NO_SUCH_TIME = "must be a date and a time of day that exist"
FOREIGN = "must be a next_cursor that this service gave"
MISMATCH = "must be used with the filters and the order it was given for"
NAIVE = datetime(2026, 1, 15)  # noqa: DTZ001 - naive is the fault
ELSEWHERE = NOON.astimezone(timezone(timedelta(hours=1)))


def faults_of(function: Callable[..., object], *arguments: Any, **named: Any) -> list[Fault]:  # noqa: ANN401 - of any function
    with pytest.raises(InvalidInput) as caught:
        function(*arguments, **named)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("field", "value", "code", "sentence"),
    [
        ("message_id", 1, "wrong_type", "must be a string"),
        ("message_id", "", "too_short", "must not be empty"),
        ("message_id", "a" * 256, "too_long", "must have at most 255 characters"),
        ("message_id", "a\n", "control_character", "must not hold control characters"),
        ("message_id", "\ud800", "lone_surrogate", "must not hold lone surrogates"),
        ("from", [], "wrong_type", "must be a string"),
        ("from", "1", "not_e164", NUMBER),
        ("to", None, "wrong_type", "must be a string"),
        ("to", "+0", "not_e164", NUMBER),
        ("ts", 1, "wrong_type", "must be a string"),
        ("ts", "now", "not_rfc3339", TIMESTAMP),
        ("ts", "2026-02-30T00:00:00Z", "no_such_time", NO_SUCH_TIME),
        ("ts", "2026-01-15T24:00:00Z", "no_such_time", NO_SUCH_TIME),
        ("text", 1, "wrong_type", "must be a string or null"),
        ("text", "a" * 4097, "too_long", "must have at most 4096 characters"),
        ("text", "\0", "nul_character", "must not hold the NUL character"),
        ("text", "\udfff", "lone_surrogate", "must not hold lone surrogates"),
    ],
)
def test_fault_of_a_field_says_what_the_field_takes(
    field: str, value: object, code: str, sentence: str
) -> None:
    body = VerifiedBody(json.dumps(FIELDS | {field: value}).encode())
    assert faults_of(parse, body) == [Fault(field, FaultCode(code), sentence)]


@pytest.mark.parametrize("field", ["message_id", "from", "to", "ts"])
def test_missing_field_is_told_to_be_required(field: str) -> None:
    fields = {name: value for name, value in FIELDS.items() if name != field}
    body = VerifiedBody(json.dumps(fields).encode())
    assert faults_of(parse, body) == [Fault(field, FaultCode.MISSING, "is required")]


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        (b"\xff", "invalid_utf8", "must be valid UTF-8"),
        (b"{", "invalid_json", "must be one valid JSON document"),
        (b'{"a": NaN}', "invalid_json", "must be one valid JSON document"),
        (b"[]", "not_an_object", "must be a JSON object"),
        (b"[" * 101, "too_deep", "must nest at most 100 levels deep"),
    ],
)
def test_fault_of_a_whole_body_says_what_a_body_is(body: bytes, code: str, sentence: str) -> None:
    assert faults_of(parse, VerifiedBody(body)) == [Fault(None, FaultCode(code), sentence)]


@pytest.mark.parametrize(
    ("moment", "code", "sentence"),
    [
        ("2026-01-15T12:00:00Z", "wrong_type", "must be a datetime"),
        (NAIVE, "not_rfc3339", MOMENT),
        (ELSEWHERE, "not_rfc3339", MOMENT),
    ],
)
def test_fault_of_a_moment_says_what_a_moment_is(moment: Any, code: str, sentence: str) -> None:  # noqa: ANN401 - of any type
    assert faults_of(sample, ts=moment) == [Fault("ts", FaultCode(code), sentence)]
    assert faults_of(MessageFilter, since=moment, until=moment) == [
        Fault("since", FaultCode(code), sentence),
        Fault("until", FaultCode(code), sentence),
    ]


@pytest.mark.parametrize(
    ("fields", "code", "sentence"),
    [
        ({"q": 1}, "wrong_type", "must be a string"),
        ({"q": ""}, "too_short", "must not be empty"),
        ({"q": "a" * 257}, "too_long", "must have at most 256 characters"),
        ({"q": "\0"}, "nul_character", "must not hold the NUL character"),
        ({"q": "\ud800"}, "lone_surrogate", "must not hold lone surrogates"),
    ],
)
def test_fault_of_a_search_says_what_a_search_is(
    fields: dict[str, Any], code: str, sentence: str
) -> None:
    assert faults_of(MessageFilter, **fields) == [Fault("q", FaultCode(code), sentence)]


@pytest.mark.parametrize(
    ("fields", "field", "code", "sentence"),
    [
        ({"limit": 101}, "limit", "out_of_range", "must be from 1 to 100"),
        ({"offset": -1}, "offset", "out_of_range", "must be from 0 to 9223372036854775807"),
        ({"cursor": "a", "offset": 1}, "offset", "conflicting", "must not be given with a cursor"),
    ],
)
def test_fault_of_a_page_request_says_what_is_taken(
    fields: dict[str, Any], field: str, code: str, sentence: str
) -> None:
    assert faults_of(PageRequest, **fields) == [Fault(field, FaultCode(code), sentence)]


def test_fault_of_a_cursor_says_which_cursor_is_taken() -> None:
    cursor = encode_cursor(Position(NOON, "m1"), EVERYTHING, Order.ASCENDING)
    foreign = [Fault("cursor", FaultCode.INVALID_CURSOR, FOREIGN)]
    assert faults_of(decode_cursor, "nonsense", EVERYTHING, Order.ASCENDING) == foreign
    mismatch = [Fault("cursor", FaultCode.CURSOR_MISMATCH, MISMATCH)]
    assert faults_of(decode_cursor, cursor, EVERYTHING, Order.DESCENDING) == mismatch


def test_program_that_makes_a_message_is_told_as_a_sender_is() -> None:
    faults = faults_of(Message, message_id="", sender="1", recipient="2", ts=NAIVE, text="\0")
    assert [(fault.field, fault.msg) for fault in faults] == [
        ("message_id", "must not be empty"),
        ("from", NUMBER),
        ("to", NUMBER),
        ("ts", MOMENT),
        ("text", "must not hold the NUL character"),
    ]
    assert sample(ts=datetime.min.replace(tzinfo=UTC)).ts.year == 1
