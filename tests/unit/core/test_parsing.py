import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import FaultCode, InvalidMessage, Message, VerifiedBody, format_timestamp, parse
from lyftr_core.parsing import _parse_by_field, nests_too_deep
from lyftr_core.testing import InvalidBody, bodies, invalid_bodies, messages
from lyftr_core.testing.strategies.samples import FIELDS, sample

MISSING = object()
LONG = "\U0001f600" * 4097
FAULTS: dict[str, list[tuple[object, FaultCode]]] = {
    "message_id": [
        ("", FaultCode.TOO_SHORT),
        ("a" * 256, FaultCode.TOO_LONG),
        ("a\n", FaultCode.CONTROL_CHARACTER),
        ("\0", FaultCode.CONTROL_CHARACTER),
        (None, FaultCode.WRONG_TYPE),
        (1, FaultCode.WRONG_TYPE),
        (MISSING, FaultCode.MISSING),
    ],
    "from": [
        ("1234", FaultCode.NOT_E164),
        ("+1234\n", FaultCode.NOT_E164),
        ("+\u0661\u0662\u0663", FaultCode.NOT_E164),
        (1234, FaultCode.WRONG_TYPE),
        (None, FaultCode.WRONG_TYPE),
        (MISSING, FaultCode.MISSING),
    ],
    "to": [
        ("", FaultCode.NOT_E164),
        ("+0123", FaultCode.NOT_E164),
        (["+1234"], FaultCode.WRONG_TYPE),
        (MISSING, FaultCode.MISSING),
    ],
    "ts": [
        ("2026-01-15t09:28:35z", FaultCode.NOT_RFC3339),
        ("2026-01-15 09:28:35Z", FaultCode.NOT_RFC3339),
        ("2026-01-15T09:28:35+00:00", FaultCode.NOT_RFC3339),
        ("2026-01-15T09:28:35,5Z", FaultCode.NOT_RFC3339),
        ("2026-01-15T09:28:3\uff15Z", FaultCode.NOT_RFC3339),
        ("2026-01-15T23:59:60Z", FaultCode.NO_SUCH_TIME),
        ("2026-01-15T24:00:00Z", FaultCode.NO_SUCH_TIME),
        ("2026-02-30T00:00:00Z", FaultCode.NO_SUCH_TIME),
        ("0000-01-01T00:00:00Z", FaultCode.NO_SUCH_TIME),
        (1768469315, FaultCode.WRONG_TYPE),
        (None, FaultCode.WRONG_TYPE),
        (MISSING, FaultCode.MISSING),
    ],
    "text": [
        ("a" * 4097, FaultCode.TOO_LONG),
        (LONG, FaultCode.TOO_LONG),
        ("a\0", FaultCode.NUL_CHARACTER),
        (False, FaultCode.WRONG_TYPE),
        ({}, FaultCode.WRONG_TYPE),
        (0.5, FaultCode.WRONG_TYPE),
    ],
}


def read(body: bytes | str) -> Message:
    return parse(VerifiedBody(body if isinstance(body, bytes) else body.encode()))


def faults_of(body: bytes | str) -> list[tuple[str | None, FaultCode]]:
    with pytest.raises(InvalidMessage) as caught:
        read(body)
    return [(fault.field, fault.code) for fault in caught.value.faults]


@given(st.data(), messages())
def test_message_is_read_however_its_body_is_written(data: st.DataObject, message: Message) -> None:
    assert read(data.draw(bodies(of=st.just(message)))) == message


@given(invalid_bodies())
def test_invalid_body_is_refused_with_every_fault_in_order(invalid: InvalidBody) -> None:
    assert faults_of(invalid.content) == list(invalid.faults)


@given(st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in FAULTS.items()}))
def test_every_faulty_field_is_named_in_order(
    faulty: dict[str, tuple[object, FaultCode]],
) -> None:
    fields = FIELDS | {name: value for name, (value, _) in faulty.items()}
    body = json.dumps({k: v for k, v in reversed(fields.items()) if v is not MISSING})
    if faulty:
        assert faults_of(body) == [(name, faulty[name][1]) for name in FIELDS if name in faulty]
    else:
        assert read(body) == sample()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [(name, value, code) for name, faults in FAULTS.items() for value, code in faults],
)
def test_each_fault_has_its_code(field: str, value: object, code: FaultCode) -> None:
    fields: dict[str, Any] = FIELDS | {field: value}
    body = json.dumps({k: v for k, v in fields.items() if v is not MISSING})
    assert faults_of(body) == [(field, code)]


@given(st.binary() | st.text().map(str.encode))
def test_arbitrary_bytes_raise_nothing_but_the_one_error(body: bytes) -> None:
    assert len(faults_of(body)) >= 1


@given(bodies() | invalid_bodies().map(lambda invalid: invalid.content), st.data())
def test_reading_by_field_agrees_with_reading_at_once(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body)))
    cut = data.draw(st.integers(0, 3))
    inserted = data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b"{", b"]", b","]))
    for content in (body, body[:place] + inserted + body[place + cut :]):
        if not nests_too_deep(content):  # which is found before either reads
            assert outcome_of(_parse_by_field, content) == outcome_of(read, content)


def outcome_of(function: Any, content: bytes) -> object:  # noqa: ANN401 - bytes in, message out
    try:
        return function(content)
    except InvalidMessage as refusal:
        return refusal.faults


def test_text_may_be_null_or_absent() -> None:
    expected = sample(text=None)
    assert read(json.dumps(FIELDS | {"text": None})) == expected
    assert read(json.dumps({k: v for k, v in FIELDS.items() if k != "text"})) == expected
    assert read(json.dumps(FIELDS | {"text": ""})) == sample(text="")


@pytest.mark.parametrize("ascii_only", [True, False])
def test_length_of_text_is_counted_in_characters(ascii_only: bool) -> None:  # noqa: FBT001 - a case
    longest = json.dumps(FIELDS | {"text": LONG[1:]}, ensure_ascii=ascii_only)
    assert read(longest) == sample(text=LONG[1:])
    too_long = json.dumps(FIELDS | {"text": LONG}, ensure_ascii=ascii_only)
    assert faults_of(too_long) == [("text", FaultCode.TOO_LONG)]


def test_fraction_of_a_second_is_cut_off_not_rounded() -> None:
    message = read(json.dumps(FIELDS | {"ts": "2026-01-15T12:00:00.9999999999Z"}))
    assert format_timestamp(message.ts) == "2026-01-15T12:00:00.999999Z"


def test_redelivery_in_other_json_is_an_equal_message() -> None:
    fields = dict(reversed(FIELDS.items())) | {"ts": "2026-01-15T12:00:00.000Z", "new": 1}
    assert read(json.dumps(fields, indent=2)) == read(json.dumps(FIELDS))


def test_fault_of_a_body_never_repeats_the_value() -> None:
    with pytest.raises(InvalidMessage) as caught:
        read(json.dumps(dict.fromkeys(FIELDS, "needle\n\0")))
    assert len(caught.value.faults) == 5
    assert "needle" not in str(caught.value)
