"""What is written of a stored message reads as the same message; what is wrong is named."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lyftr_cli.transfer.csv_lines import (
    CSV_HEADER,
    parse_csv_header,
    parse_csv_record,
    to_csv_record,
)
from lyftr_cli.transfer.json_lines import (
    COLUMNS,
    MAX_RECORD_SIZE,
    parse_json_record,
    record_of,
    to_json_record,
)
from lyftr_core import FaultCode, InvalidMessage, StoredMessage, format_timestamp
from lyftr_core.message import MAX_KEPT_SEQ, MAX_SEQ_IN_FILES, Record
from lyftr_core.testing import messages, moments
from lyftr_core.testing.strategies.samples import FIELDS, NOON, sample

MISSING = object()
NAMES = ("m1", "+12", "+13", "2026-01-15T09:28:35Z")


def stored_messages() -> SearchStrategy[StoredMessage]:
    return st.builds(
        StoredMessage,
        message=messages(),
        received_at=moments(),
        seq=st.integers(1, MAX_SEQ_IN_FILES),
    )


def parse_csv(line: bytes) -> Record:
    return parse_csv_record(COLUMNS, line)


BOTH = pytest.mark.parametrize(
    ("write", "parse"), [(to_json_record, parse_json_record), (to_csv_record, parse_csv)]
)
Write = Callable[[StoredMessage], bytes]
Parse = Callable[[bytes], Record]


@BOTH
@given(stored=stored_messages())
def test_what_is_written_reads_as_the_same(
    write: Write, parse: Parse, stored: StoredMessage
) -> None:
    line = write(stored)
    record = parse(line)
    assert record == Record(message=stored.message, received_at=stored.received_at, seq=stored.seq)
    assert len(line) < MAX_RECORD_SIZE / 2


@BOTH
def test_no_text_and_an_empty_text_are_told_apart(write: Write, parse: Parse) -> None:
    for text in (None, ""):
        stored = StoredMessage(message=sample("m1", text=text), received_at=NOON, seq=1)
        assert parse(write(stored)).message.text == text


@given(stored_messages())
def test_a_line_of_json_is_what_the_api_says_on_one_line(stored: StoredMessage) -> None:
    line = to_json_record(stored)
    assert line.count(b"\n") == 1
    found = json.loads(line)
    assert tuple(found) == COLUMNS
    assert found["ts"] == format_timestamp(stored.message.ts)
    assert found["text"] == stored.message.text
    assert found["seq"] == stored.seq


@given(st.lists(stored_messages(), max_size=3))
def test_other_readers_of_csv_read_the_same(rows: list[StoredMessage]) -> None:
    file = CSV_HEADER + b"".join(map(to_csv_record, rows))
    found = list(csv.reader(io.StringIO(file.decode(), newline=""), strict=True))
    assert found[0] == list(COLUMNS)
    assert found[1:] == [
        [
            stored.message.message_id,
            stored.message.sender,
            stored.message.recipient,
            format_timestamp(stored.message.ts),
            stored.message.text or "",
            format_timestamp(stored.received_at),
            str(stored.seq),
        ]
        for stored in rows
    ]


@given(stored=stored_messages(), quotes_all=st.booleans())
def test_what_other_writers_of_csv_write_is_read(
    *, stored: StoredMessage, quotes_all: bool
) -> None:
    message = stored.message
    line = io.StringIO(newline="")
    row = [message.message_id, message.sender, message.recipient]
    csv.writer(line, quoting=csv.QUOTE_ALL if quotes_all else csv.QUOTE_MINIMAL).writerow(
        [*row, format_timestamp(message.ts), message.text or "a"]
    )
    record = parse_csv_record(COLUMNS[:5], line.getvalue().encode())
    assert record.message.text == (message.text or "a")
    assert (record.message.message_id, record.received_at) == (message.message_id, None)


@BOTH
@pytest.mark.parametrize("seq", [MAX_SEQ_IN_FILES + 1, 2**63 - 1])
def test_a_seq_that_no_file_holds_is_left_out_so_that_the_record_can_be_read(
    write: Write, parse: Parse, seq: int
) -> None:
    stored = StoredMessage(message=sample("m1"), received_at=NOON, seq=seq)
    assert parse(write(stored)) == Record(message=sample("m1"), received_at=NOON)


@pytest.mark.parametrize(
    ("seq", "kept"),
    [
        (None, None),
        (1, 1),
        (MAX_KEPT_SEQ, MAX_KEPT_SEQ),
        (MAX_KEPT_SEQ + 1, None),
        (MAX_SEQ_IN_FILES, None),
    ],
)
def test_of_a_seq_that_leaves_no_room_for_messages_to_come_nothing_is_kept(
    seq: int | None, kept: int | None
) -> None:
    assert Record(message=sample("m1"), seq=seq).kept_seq == kept
    assert MAX_KEPT_SEQ <= MAX_SEQ_IN_FILES // 2 + 1


def test_what_a_record_need_not_say_may_be_absent_or_null() -> None:
    bare = Record(message=sample("m1", text=None))
    line = json.dumps(FIELDS | {"message_id": "m1", "text": None})
    assert parse_json_record(line.encode()) == bare
    line = json.dumps(
        FIELDS | {"message_id": "m1", "text": None, "received_at": None, "seq": None, "other": 1}
    )
    assert parse_json_record(line.encode()) == bare


def test_unknown_columns_are_ignored_and_any_order_is_taken() -> None:
    columns = parse_csv_header(b"\xef\xbb\xbfts,note,to,from,message_id\n")
    record = parse_csv_record(columns, b'2026-01-15T09:28:35Z,"a,b",+13,+12,m1\r\n')
    assert record.message.recipient == "+13"
    assert record.message.text is None


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("seq", 0, FaultCode.NOT_AN_INTEGER),
        ("seq", -1, FaultCode.NOT_AN_INTEGER),
        ("seq", 1.5, FaultCode.NOT_AN_INTEGER),
        ("seq", 1e400, FaultCode.NOT_AN_INTEGER),
        ("seq", True, FaultCode.NOT_AN_INTEGER),
        ("seq", "1", FaultCode.NOT_AN_INTEGER),
        ("seq", MAX_SEQ_IN_FILES + 1, FaultCode.NOT_AN_INTEGER),
        ("received_at", 1, FaultCode.WRONG_TYPE),
        ("received_at", "", FaultCode.NOT_RFC3339),
        ("received_at", "2026-02-30T00:00:00Z", FaultCode.NO_SUCH_TIME),
        ("ts", "yesterday", FaultCode.NOT_RFC3339),
        ("from", MISSING, FaultCode.MISSING),
        ("text", "a\0", FaultCode.NUL_CHARACTER),
    ],
)
def test_a_fault_of_a_line_of_json_is_named(name: str, value: object, code: FaultCode) -> None:
    fields = {k: v for k, v in (FIELDS | {name: value}).items() if v is not MISSING}
    line = json.dumps(fields).replace("Infinity", "1e400").encode()
    with pytest.raises(InvalidMessage) as caught:
        parse_json_record(line)
    assert [(fault.field, fault.code) for fault in caught.value.faults] == [(name, code)]
    assert caught.value.__context__ is None


@pytest.mark.parametrize("seq", ["1", "1.0", "1e0", str(MAX_SEQ_IN_FILES)])
def test_a_seq_is_any_whole_number_of_json(seq: str) -> None:
    line = json.dumps(FIELDS).removesuffix("}") + f',"seq":{seq}}}'
    assert parse_json_record(line.encode()).seq == float(seq)


def test_every_fault_of_a_record_is_named_at_once() -> None:
    with pytest.raises(InvalidMessage) as caught:
        record_of({"message_id": "", "from": "+12", "received_at": "x", "seq": "x"})
    found = [fault.field for fault in caught.value.faults]
    assert found == ["message_id", "to", "ts", "received_at", "seq"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"[" * 200 + b"]" * 200, FaultCode.TOO_DEEP),
        (b"[]", FaultCode.NOT_AN_OBJECT),
        (b'{"message_id":"m1"', FaultCode.INVALID_JSON),
        (json.dumps(FIELDS | {"other": "é"}).encode("latin-1", "replace"), None),
        (json.dumps(FIELDS | {"x": "é"}, ensure_ascii=False).encode("latin-1"), "invalid_utf8"),
    ],
)
def test_a_line_that_is_no_object_has_one_fault(line: bytes, code: str | None) -> None:
    if code is None:
        parse_json_record(line)
        return
    with pytest.raises(InvalidMessage) as caught:
        parse_json_record(line)
    assert [(fault.field, fault.code) for fault in caught.value.faults] == [(None, code)]


def test_a_line_that_nests_too_deep_is_told_how_deep_it_may() -> None:
    with pytest.raises(InvalidMessage, match="must nest at most 100 levels deep"):
        parse_json_record(b"[" * 101)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"m1,+12,+13", "must have 7 fields, not 3"),
        (b'm1,+12,+13,2026-01-15T09:28:35Z,"a,,', "must be a record of comma-separated values"),
        (b'm1,+12,+13,2026-01-15T09:28:35Z,"a"b,,', "must be a record of comma-separated"),
        (b'm1,+12,+13,2026-01-15T09:28:35Z,a"b,,', "must be a record of comma-separated"),
        (b"m1,+12,+13,2026-01-15T09:28:35Z,\xff,,", "must be valid UTF-8"),
        (b"m1,,+13,2026-01-15T09:28:35Z,,,", "from: is required"),
        (b'"",+12,+13,2026-01-15T09:28:35Z,,,', "message_id: must not be empty"),
        (b"m1,+12,+13,2026-01-15T09:28:35Z,,,1x", "seq: must be a whole number"),
        (b"m1,+12,+13,2026-01-15T09:28:35Z,,,99999999999999999", "seq: must be a whole number"),
        (b"m1,+12,+13,2026-01-15T09:28:35Z,,x,", "received_at: must be an RFC 3339"),
    ],
)
def test_a_fault_of_a_row_of_csv_is_named(line: bytes, words: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_csv(line)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "must name the columns, with message_id, from, to, ts among them"),
        (b"message_id,from,ts", "with to among them"),
        (b"message_id,from,to,ts,from", "must name from once"),
        (b"message_id,from,to,ts,\xff", "must be valid UTF-8"),
    ],
)
def test_a_first_line_that_does_not_name_the_columns_is_refused(line: bytes, words: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_csv_header(line)
    assert words in str(caught.value)
    code = FaultCode.INVALID_UTF8 if b"\xff" in line else FaultCode.INVALID_CSV
    assert [fault.code for fault in caught.value.faults] == [code]


@given(st.binary(max_size=40))
def test_whatever_a_line_holds_it_is_read_or_refused(line: bytes) -> None:
    for parse in (parse_json_record, parse_csv):
        with pytest.raises(InvalidMessage):
            parse(line)


@given(st.lists(st.sampled_from(['"', ",", "a", "\n", "\r"]), max_size=30).map("".join))
def test_a_field_that_is_no_csv_is_refused_quickly(text: str) -> None:
    line = f"{','.join(NAMES)},{text}".encode()
    try:
        parse_csv_record(COLUMNS[:5], line)
    except InvalidMessage:
        return


def test_a_long_field_without_its_closing_quote_is_refused_in_linear_time() -> None:
    line = f'{",".join(NAMES)},"'.encode() + b'""' * 60_000
    with pytest.raises(InvalidMessage):
        parse_csv_record(COLUMNS[:5], line)
