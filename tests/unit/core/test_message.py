import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import AddOutcome, Fault, FaultCode, InvalidMessage, Message
from lyftr_core.message import (
    check_message_id,
    check_moment,
    check_phone_number,
    check_surrogates,
    check_text,
    check_timestamp,
)
from lyftr_core.testing import message_ids, messages, moments, phone_numbers, texts, timestamps
from lyftr_core.testing.strategies.samples import NOON, sample

NOT_STRINGS = [None, 1, 1.5, True, b"a", ["a"], {"a": 1}]
SURROGATES = st.characters(categories=["Cs"])
CONTROLS = st.characters(categories=["Cc"])
# Right, nearly right, and what would be right if the fields were read as one.
ODD_STRINGS = st.text("+012\n\x1f\x7f\x85 a\xa0é\0\ud7ff\ud800\udfff\ue000😀", max_size=8)
ODD = st.sampled_from(["", "+12", "+12\n+34", "m\n+12\n+34", "\n", *NOT_STRINGS]) | ODD_STRINGS


def code_of(fault: Any) -> FaultCode | None:  # noqa: ANN401 - a fault or None
    return None if fault is None else fault.code


@given(message_ids())
def test_message_id_of_any_other_character_passes(value: str) -> None:
    assert check_message_id(value) is None


@given(message_ids(), CONTROLS, st.data())
def test_message_id_with_a_control_character_is_refused(
    value: str, control: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(value)))
    faulty = (value[:place] + control + value[place:])[-255:]
    expected = FaultCode.CONTROL_CHARACTER if control in faulty else None
    assert code_of(check_message_id(faulty)) is expected


def test_every_control_character_is_refused() -> None:
    for code in (*range(0x20), *range(0x7F, 0xA0)):
        assert code_of(check_message_id(chr(code))) is FaultCode.CONTROL_CHARACTER
    assert check_message_id("\x20\x7e\xa0\xad\u2028") is None


@pytest.mark.parametrize("char", ["a", "é", "\U0001f600"])
def test_length_of_a_message_id_is_counted_in_characters(char: str) -> None:
    assert code_of(check_message_id("")) is FaultCode.TOO_SHORT
    assert check_message_id(char * 255) is None
    assert code_of(check_message_id(char * 256)) is FaultCode.TOO_LONG


@given(st.text(max_size=5), SURROGATES, st.text(max_size=5))
def test_lone_surrogate_is_refused(before: str, surrogate: str, after: str) -> None:
    value = before + surrogate + after
    assert code_of(check_surrogates(value, "x")) is FaultCode.LONE_SURROGATE


def test_surrogates_are_refused_where_nothing_else_is_wrong() -> None:
    assert code_of(check_message_id("a\ud800")) is FaultCode.LONE_SURROGATE
    assert code_of(check_text("a\udfff")) is FaultCode.LONE_SURROGATE
    assert check_text("\ud7ff\ue000\U00010000") is None


@given(phone_numbers())
def test_phone_number_passes(value: str) -> None:
    assert check_phone_number(value, "from") is None


@given(st.text("+0123456789 ab\n\u0661\uff11", max_size=18))
def test_phone_number_is_a_plus_and_2_to_15_ascii_digits(value: str) -> None:
    digits = value[1:]
    right = (
        value[:1] == "+"
        and 2 <= len(digits) <= 15
        and set(digits) <= set("0123456789")
        and digits[0] != "0"
    )
    assert code_of(check_phone_number(value, "from")) is (None if right else FaultCode.NOT_E164)


@pytest.mark.parametrize(
    "value",
    [
        *("", "+", "+1", "+1234567890123456", "+0123", "1234", "++123", "+-123", "+12a"),
        *(" +1234", "+1234 ", "+1234\n", "\n+1234", "+1 234", "+1.234", "+1_234", "+1e3"),
        *("+\u0661\u0662\u0663", "+1\u0662\u0663", "+\uff11\uff12", "\uff0b123", "+1²"),
    ],
)
def test_other_forms_of_phone_numbers_are_refused(value: str) -> None:
    fault = check_phone_number(value, "to")
    assert fault is not None
    assert (fault.field, fault.code) == ("to", FaultCode.NOT_E164)


@given(timestamps())
def test_timestamp_passes(value: str) -> None:
    assert check_timestamp(value) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-01-15", FaultCode.NOT_RFC3339),
        ("2026-02-30T00:00:00Z", FaultCode.NO_SUCH_TIME),
    ],
)
def test_fault_of_a_timestamp_says_which_rule_it_breaks(value: str, code: FaultCode) -> None:
    fault = check_timestamp(value)
    assert fault is not None
    assert (fault.field, fault.code) == ("ts", code)


@given(moments())
def test_moment_in_utc_passes(value: datetime) -> None:
    assert check_moment(value, "ts") is None


def test_moment_in_a_zone_equal_to_utc_passes() -> None:
    assert check_moment(NOON.replace(tzinfo=timezone(timedelta(0), "GMT")), "ts") is None


@given(st.datetimes())
def test_naive_moment_is_refused(value: datetime) -> None:
    assert code_of(check_moment(value, "ts")) is FaultCode.NOT_RFC3339


@given(st.integers(-1439, 1439).filter(bool))
def test_moment_at_an_offset_is_refused(minutes: int) -> None:
    elsewhere = timezone(timedelta(minutes=minutes))
    assert code_of(check_moment(NOON.astimezone(elsewhere), "ts")) is FaultCode.NOT_RFC3339


@given(st.none() | texts())
def test_text_of_any_other_character_passes(value: str | None) -> None:
    assert check_text(value) is None


@pytest.mark.parametrize("char", ["a", "é", "\U0001f600"])
def test_length_of_a_text_is_counted_in_characters(char: str) -> None:
    assert check_text("") is None
    assert check_text(char * 4096) is None
    assert code_of(check_text(char * 4097)) is FaultCode.TOO_LONG


@given(texts(max_size=20), texts(max_size=20))
def test_text_with_nul_is_refused(before: str, after: str) -> None:
    assert code_of(check_text(f"{before}\0{after}")) is FaultCode.NUL_CHARACTER


@pytest.mark.parametrize("value", NOT_STRINGS)
def test_what_is_no_string_has_the_wrong_type(value: object) -> None:
    assert code_of(check_message_id(value)) is FaultCode.WRONG_TYPE
    assert code_of(check_phone_number(value, "from")) is FaultCode.WRONG_TYPE
    assert code_of(check_timestamp(value)) is FaultCode.WRONG_TYPE
    assert code_of(check_moment(value, "ts")) is FaultCode.WRONG_TYPE
    if value is not None:
        assert code_of(check_text(value)) is FaultCode.WRONG_TYPE


@given(messages())
def test_equal_fields_make_equal_messages(message: Message) -> None:
    again = Message(
        message_id=message.message_id,
        sender=message.sender,
        recipient=message.recipient,
        ts=message.ts,
        text=message.text,
    )
    assert again == message
    assert hash(again) == hash(message)


def test_one_other_field_makes_another_message() -> None:
    others = [
        sample("m2"),
        sample(sender="+99"),
        sample(recipient="+99"),
        sample(ts=NOON + timedelta(microseconds=1)),
        sample(text=None),
        sample(text=""),
    ]
    assert len({sample(), *others}) == 7


def test_message_names_every_faulty_field_in_order() -> None:
    with pytest.raises(InvalidMessage) as caught:
        Message(
            message_id="",
            sender="1234",
            recipient="+0",
            ts=datetime(2026, 1, 15),  # noqa: DTZ001 - naive is the fault
            text="\0",
        )
    assert [(fault.field, fault.code) for fault in caught.value.faults] == [
        ("message_id", FaultCode.TOO_SHORT),
        ("from", FaultCode.NOT_E164),
        ("to", FaultCode.NOT_E164),
        ("ts", FaultCode.NOT_RFC3339),
        ("text", FaultCode.NUL_CHARACTER),
    ]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"message_id": "a\n"}, "message_id"),
        ({"sender": "+1"}, "from"),
        ({"recipient": "+1"}, "to"),
        ({"ts": "2026-01-15T09:28:35Z"}, "ts"),
        ({"text": 1}, "text"),
    ],
)
def test_message_names_a_faulty_field_alone(changed: dict[str, Any], field: str) -> None:
    fields: dict[str, Any] = {"message_id": "m", "sender": "+12", "recipient": "+12", "ts": NOON}
    with pytest.raises(InvalidMessage) as caught:
        Message(**fields | changed)
    assert [fault.field for fault in caught.value.faults] == [field]


@given(
    message_ids() | ODD | st.sampled_from(["a" * 255, "a" * 256]),
    phone_numbers() | ODD,
    phone_numbers() | ODD,
    moments() | st.datetimes() | ODD,
    texts() | ODD | st.sampled_from(["é" * 4096, "é" * 4097]),
)
def test_message_is_taken_exactly_if_each_field_keeps_its_rules(
    message_id: Any,  # noqa: ANN401 - a string or what is none
    sender: Any,  # noqa: ANN401 - as above
    recipient: Any,  # noqa: ANN401 - as above
    ts: Any,  # noqa: ANN401 - a datetime or what is none
    text: Any,  # noqa: ANN401 - as above
) -> None:
    found = (
        check_message_id(message_id),
        check_phone_number(sender, "from"),
        check_phone_number(recipient, "to"),
        check_moment(ts, "ts"),
        check_text(text),
    )
    faults: tuple[Fault, ...] = ()
    try:
        Message(message_id=message_id, sender=sender, recipient=recipient, ts=ts, text=text)
    except InvalidMessage as refusal:
        faults = refusal.faults
        assert faults
    assert faults == tuple(fault for fault in found if fault)


def test_message_id_takes_all_characters_but_controls_and_surrogates() -> None:
    expected = {"Cc": FaultCode.CONTROL_CHARACTER, "Cs": FaultCode.LONE_SURROGATE}
    for char in map(chr, (*range(0x10000), 0x10000, 0x1F600, 0xE0001, 0x10FFFF)):
        code = expected.get(unicodedata.category(char))
        assert code_of(check_message_id(char)) is code
        if code is None:
            assert sample(char).message_id == char
        else:
            with pytest.raises(InvalidMessage):
                sample(char)


@pytest.mark.parametrize(
    ("message_id", "sender", "recipient"),
    [
        ("m\n+12", "+34", ""),
        ("m\n+12", "", "+34"),
        ("m", "+12\n+34", ""),
        ("m", "", "+12\n+34"),
        ("", "m\n+12", "+34"),
        ("", "", "m\n+12\n+34"),
        ("m\n+12\n+34", "", ""),
    ],
)
def test_rules_of_one_field_are_not_kept_by_another(
    message_id: str, sender: str, recipient: str
) -> None:
    with pytest.raises(InvalidMessage):
        Message(message_id=message_id, sender=sender, recipient=recipient, ts=NOON)


def test_fault_never_repeats_the_value() -> None:
    value = "needle\n\0"
    with pytest.raises(InvalidMessage) as caught:
        Message(message_id=value, sender=value, recipient=value, ts=NOON, text=value)
    assert len(caught.value.faults) == 4
    assert "needle" not in str(caught.value)


def test_message_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        sample().text = "other"  # type: ignore[misc] # that is the test


def test_text_is_none_where_none_is_given() -> None:
    message = Message(
        message_id="m", sender="+12", recipient="+12", ts=datetime(2026, 1, 15, tzinfo=UTC)
    )
    assert message.text is None


def test_outcomes_have_stable_names() -> None:
    assert [str(outcome) for outcome in AddOutcome] == ["created", "duplicate", "conflict"]
