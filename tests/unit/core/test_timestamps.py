import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import FaultCode, InvalidTimestamp, format_timestamp, parse_timestamp
from lyftr_core.testing import moments, timestamps
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import NOON
from lyftr_core.timestamps import TIMESTAMP_PATTERN, from_microseconds, to_microseconds

DIGITS = st.text("0123456789", min_size=1, max_size=30)


@given(moments())
def test_canonical_form_is_read_back_as_the_same_moment(moment: datetime) -> None:
    read = parse_timestamp(format_timestamp(moment))
    assert read == moment
    assert read.tzinfo is UTC


@given(timestamps())
def test_canonical_form_is_stable(value: str) -> None:
    canonical = format_timestamp(parse_timestamp(value))
    assert format_timestamp(parse_timestamp(canonical)) == canonical


@given(moments(), moments())
def test_canonical_forms_are_equal_exactly_if_the_moments_are(a: datetime, b: datetime) -> None:
    assert (format_timestamp(a) == format_timestamp(b)) == (a == b)


@given(DIGITS)
def test_digits_beyond_the_microsecond_are_cut_off(digits: str) -> None:
    moment = parse_timestamp(f"2026-01-15T09:28:35.{digits}Z")
    assert moment.microsecond == int(digits.ljust(6, "0")[:6])
    assert moment.replace(microsecond=0) == datetime(2026, 1, 15, 9, 28, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("2026-01-15T09:28:35Z", "2026-01-15T09:28:35Z"),
        ("2026-01-15T09:28:30.0Z", "2026-01-15T09:28:30Z"),
        ("2026-01-15T09:28:35.250Z", "2026-01-15T09:28:35.25Z"),
        ("2026-01-15T09:28:35.000001Z", "2026-01-15T09:28:35.000001Z"),
        ("2026-01-15T09:28:35.0000009Z", "2026-01-15T09:28:35Z"),
        ("2026-01-15T09:28:35.1234569999Z", "2026-01-15T09:28:35.123456Z"),
        ("9999-12-31T23:59:59.9999999999Z", "9999-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ],
)
def test_timestamp_has_one_canonical_form(value: str, canonical: str) -> None:
    assert format_timestamp(parse_timestamp(value)) == canonical


def test_moment_at_an_offset_is_written_in_utc() -> None:
    moment = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert format_timestamp(moment) == "2026-01-15T12:00:00Z"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system sets no zone of a process")
@pytest.mark.parametrize("zone", ["UTC", "XXX-5:30", "YYY+8"])
def test_zone_of_the_machine_does_not_matter(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert format_timestamp(NOON) == "2026-01-15T12:00:00Z"
        assert parse_timestamp("2026-01-15T12:00:00Z") == NOON
        assert to_microseconds(NOON) == 1_768_478_400_000_000
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "value",
    [
        *("", "Z", "2026-01-15", "09:28:35Z", "2026-01-15T09:28Z", "2026-01-15T09:28:35"),
        *("2026-01-15t09:28:35Z", "2026-01-15T09:28:35z", "2026-01-15 09:28:35Z"),
        *("2026-01-15T09:28:35+00:00", "2026-01-15T09:28:35-00:00", "2026-01-15T09:28:35+0530"),
        *("2026-01-15T09:28:35,5Z", "2026-01-15T09:28:35.Z", "2026-01-15T09:28:35.5.5Z"),
        *("2026-01-15T09:28:35Z\n", "\n2026-01-15T09:28:35Z", " 2026-01-15T09:28:35Z"),
        *("2026-1-15T09:28:35Z", "2026-01-15T9:28:35Z", "20260115T092835Z", "2026-W03-4T09:28:35Z"),
        *("02026-01-15T09:28:35Z", "+2026-01-15T09:28:35Z", "-026-01-15T09:28:35Z"),
        *("\u0662\u0660\u0662\u0666-01-15T09:28:35Z", "2026-01-15T09:28:3\uff15Z"),
        *("2026-01-15T09:28:35.\u0665Z", "2026-01-15T09:28:35.1_0Z", "2026\u201101-15T09:28:35Z"),
        *("2026-01-15T09:28:35Z\0", "2026-01-15T09:28:35ZZ", "2026-01-15T09:28:35.5 Z"),
        *(
            "2026-01-15T09:28:3\ud800Z",
            "\udfff" * 20,
            "2026/01/15T09:28:35Z",
            "2026-01-15T09:28:3 Z",
        ),
    ],
)
def test_other_forms_are_refused(value: str) -> None:
    with pytest.raises(InvalidTimestamp) as caught:
        parse_timestamp(value)
    assert caught.value.code is FaultCode.NOT_RFC3339


@pytest.mark.parametrize(
    "value",
    [
        *("2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2026-04-31T00:00:00Z"),
        *("2026-00-15T00:00:00Z", "2026-13-15T00:00:00Z", "2026-01-00T00:00:00Z"),
        *("0000-01-01T00:00:00Z", "1900-02-29T00:00:00Z", "2026-01-32T00:00:00Z"),
        *("2026-01-15T24:00:00Z", "2026-01-15T24:00:00.0Z", "2026-01-15T25:00:00Z"),
        *("2026-01-15T23:60:00Z", "2026-01-15T23:59:60Z", "2016-12-31T23:59:60.5Z"),
    ],
)
def test_time_that_does_not_exist_is_refused(value: str) -> None:
    with pytest.raises(InvalidTimestamp) as caught:
        parse_timestamp(value)
    assert caught.value.code is FaultCode.NO_SUCH_TIME


@given(st.tuples(st.integers(0, 9999), *[st.integers(0, 99)] * 5))
def test_exactly_the_times_that_exist_are_taken(parts: tuple[int, ...]) -> None:
    year, month, day, hour, minute, second = parts
    value = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    try:
        expected = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        with pytest.raises(InvalidTimestamp):
            parse_timestamp(value)
    else:
        assert parse_timestamp(value) == expected


@given(st.text() | st.text("0123456789-:.TZtz+ ", max_size=30))
def test_any_string_is_read_or_refused(value: str) -> None:
    with suppress(InvalidTimestamp):
        assert value.startswith(format_timestamp(parse_timestamp(value)).rstrip("Z"))


def is_in_form(value: str) -> bool:
    try:
        parse_timestamp(value)
    except InvalidTimestamp as refusal:
        return refusal.code is not FaultCode.NOT_RFC3339
    return True


@pytest.mark.parametrize("value", ["2026-01-15T09:28:35Z", "2026-01-15T09:28:35.5Z"])
def test_any_other_character_is_taken_exactly_where_the_pattern_takes_it(value: str) -> None:
    for place in range(len(value)):
        for char in [*map(chr, range(0x100)), "\u0660", "\u2011", "\uff10", "\ud800", ""]:
            changed = value[:place] + char + value[place + 1 :]
            assert is_in_form(changed) == bool(re.fullmatch(TIMESTAMP_PATTERN, changed))


@given(moments())
def test_count_of_microseconds_is_read_back_as_the_same_moment(moment: datetime) -> None:
    assert from_microseconds(to_microseconds(moment)) == moment


@given(moments(), moments())
def test_counts_of_microseconds_sort_as_moments_do(a: datetime, b: datetime) -> None:
    assert (to_microseconds(a) < to_microseconds(b)) == (a < b)


def test_microseconds_count_from_the_epoch() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert to_microseconds(epoch) == 0
    assert to_microseconds(epoch + timedelta(seconds=1)) == 1_000_000
    assert to_microseconds(epoch - timedelta(microseconds=1)) == -1


@pytest.mark.parametrize(
    "count", [to_microseconds(EARLIEST) - 1, to_microseconds(LATEST) + 1, 10**30, -(10**30)]
)
def test_count_beyond_the_years_of_a_timestamp_is_refused(count: int) -> None:
    with pytest.raises(OverflowError):
        from_microseconds(count)
