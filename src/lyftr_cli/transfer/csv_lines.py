"""Records of a file as comma-separated values (RFC 4180), for spreadsheets and databases.

See `lyftr_cli.transfer.json_lines`. What a spreadsheet would take for a formula is written as it
is, since it must read as the same message again.
"""

import re
from collections.abc import Sequence

from lyftr_cli.transfer.json_lines import COLUMNS, record_of, seq_in_files
from lyftr_core.errors import Fault, FaultCode, InvalidMessage
from lyftr_core.message import Record, StoredMessage
from lyftr_core.timestamps import format_timestamp

__all__ = ["CSV_HEADER", "parse_csv_header", "parse_csv_record", "to_csv_record"]

CSV_HEADER = ",".join(COLUMNS).encode() + b"\r\n"
"""The first line of a file."""

_REQUIRED = COLUMNS[:4]
_NEEDS_QUOTES = re.compile(r'[",\r\n]')
# Possessive, so that it never looks back: each field is read once, whatever it holds.
_FIELD = re.compile(r'"((?:[^"]|"")*+)"|([^",\r\n]*)')
_DIGITS = re.compile(r"[0-9]{1,16}")
_BYTE_ORDER_MARK = "\ufeff"


def to_csv_record(stored: StoredMessage) -> bytes:
    """Write a stored message as one record of CSV (RFC 4180), with its line end.

    No text is an empty field, and a text that is empty one in quotes.
    """
    message = stored.message
    fields = (
        _quoted(message.message_id),
        message.sender,
        message.recipient,
        format_timestamp(message.ts),
        "" if message.text is None else _quoted(message.text),
        format_timestamp(stored.received_at),
        str(seq_in_files(stored) or ""),
    )
    return ",".join(fields).encode() + b"\r\n"


def parse_csv_header(line: bytes) -> tuple[str, ...]:
    """Read the first line of a file of CSV.

    Returns:
        The names of its columns, in any order; those that no record has are ignored later.

    Raises:
        InvalidMessage: Names are missing or repeated.
    """
    names = [name or "" for name in _split(_text_of(line).removeprefix(_BYTE_ORDER_MARK))]
    lost = [name for name in _REQUIRED if name not in names]
    if lost:
        msg = f"the first line must name the columns, with {', '.join(lost)} among them"
        raise _invalid_csv(msg)
    if repeated := [name for name in COLUMNS if names.count(name) > 1]:
        raise _invalid_csv(f"the first line must name {repeated[0]} once")
    return tuple(names)


def parse_csv_record(columns: Sequence[str], line: bytes) -> Record:
    r"""Read a record of CSV.

    Args:
        columns: From `parse_csv_header`.
        line: The record, with or without its line end. A field in quotes may hold line ends.

    Raises:
        InvalidMessage: It names every faulty field, or the one fault of the whole record.

    Example:
        >>> columns = parse_csv_header(CSV_HEADER)
        >>> record = parse_csv_record(columns, b'm1,+12,+13,2026-01-15T09:28:35Z,"a,\nb",,7')
        >>> record.message.text, record.received_at, record.seq
        ('a,\nb', None, 7)
    """
    values = _split(_text_of(line))
    if len(values) != len(columns):
        raise _invalid_csv(f"must have {len(columns)} fields, not {len(values)}")
    fields: dict[str, object] = {
        name: value
        for name, value in zip(columns, values, strict=True)
        if value is not None and name in COLUMNS
    }
    seq = fields.get("seq")
    if isinstance(seq, str) and _DIGITS.fullmatch(seq):
        fields["seq"] = int(seq)
    return record_of(fields)


def _quoted(text: str) -> str:
    if text and _NEEDS_QUOTES.search(text) is None:
        return text
    return '"' + text.replace('"', '""') + '"'


def _text_of(line: bytes) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        fault = Fault(None, FaultCode.INVALID_UTF8, "must be valid UTF-8")
    else:
        return text.removesuffix("\n").removesuffix("\r")
    raise InvalidMessage([fault])


def _split(text: str) -> list[str | None]:
    """Return the fields; one that is empty and not in quotes is `None`."""
    values: list[str | None] = []
    position = -1
    while position < len(text):
        found = _FIELD.match(text, position + 1)
        if found is None or text[found.end() : found.end() + 1] not in {"", ","}:
            raise _invalid_csv("must be a record of comma-separated values")
        quoted, plain = found.groups()
        values.append(plain or None if quoted is None else quoted.replace('""', '"'))
        position = found.end()
    return values


def _invalid_csv(msg: str) -> InvalidMessage:
    return InvalidMessage([Fault(None, FaultCode.INVALID_CSV, msg)])
