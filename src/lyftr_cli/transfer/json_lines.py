"""Stored messages as records of a file, and back; here each is a line of JSON.

`lyftr_cli.transfer.csv_lines` has them as CSV. Reading follows every rule of a webhook; a record
has two fields more, `received_at` and `seq`, which other programs may leave out. Whatever is
written reads as the same message again.
"""

from collections.abc import Mapping

import msgspec

from lyftr_core.errors import Fault, FaultCode, InvalidMessage
from lyftr_core.message import MAX_SEQ_IN_FILES, Record, StoredMessage, check_timestamp
from lyftr_core.parsing import MAX_DEPTH, faults_of, nests_too_deep, read_fields
from lyftr_core.timestamps import InvalidTimestamp, format_timestamp, parse_timestamp
from lyftr_core.wire import WireMessage

__all__ = [
    "COLUMNS",
    "MAX_RECORD_SIZE",
    "parse_json_record",
    "record_of",
    "seq_in_files",
    "to_json_record",
]

COLUMNS = ("message_id", "from", "to", "ts", "text", "received_at", "seq")
"""The fields of a record, in the order in which they are written."""
MAX_RECORD_SIZE = 256 * 1024
"""In bytes. The longest that is written has less than half of it."""


class _WireRecord(WireMessage, gc=False, omit_defaults=False):
    """A webhook's fields and the two that only a stored message has."""

    received_at: str | None = None
    seq: int | None = None

    def to_record(self) -> Record:
        return Record(
            message=self.to_message(),
            received_at=None if self.received_at is None else parse_timestamp(self.received_at),
            seq=self.seq,
        )


_decode = msgspec.json.Decoder(_WireRecord).decode
_encode = msgspec.json.Encoder().encode
_FAULTY = (
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
    InvalidTimestamp,
    InvalidMessage,
)


def to_json_record(stored: StoredMessage) -> bytes:
    """Write a stored message as one line of JSON (RFC 8259), with its line end."""
    message = stored.message
    wire = _WireRecord(
        message.message_id,
        message.sender,
        message.recipient,
        format_timestamp(message.ts),
        message.text,
        format_timestamp(stored.received_at),
        seq_in_files(stored),
    )
    return _encode(wire) + b"\n"


def seq_in_files(stored: StoredMessage) -> int | None:
    """Return the `seq` that a record has, or `None` where not every reader would keep it exactly.

    A log goes so far only where an import took it there before there was `MAX_KEPT_SEQ`.
    """
    return stored.seq if stored.seq <= MAX_SEQ_IN_FILES else None


def parse_json_record(line: bytes) -> Record:
    """Read a line of JSON.

    Args:
        line: As `lyftr_core.parse` takes it, with `received_at` and `seq` beside the other fields
            or without.

    Raises:
        InvalidMessage: It names every faulty field, or the one fault of the whole line.
    """
    if nests_too_deep(line):
        msg = f"must nest at most {MAX_DEPTH} levels deep"
        raise InvalidMessage([Fault(None, FaultCode.TOO_DEEP, msg)])
    try:
        if not line.isascii():
            line.decode()
        record = _decode(line).to_record()
        if _is_seq(record.seq):
            return record
    except _FAULTY:
        pass  # and not from here: what is raised below should not show this one as its context
    return record_of(read_fields(line))


def record_of(fields: Mapping[str, object]) -> Record:
    """Make a record of its fields by their names; unknown ones are ignored.

    Raises:
        InvalidMessage: It names every faulty field.
    """
    received_at, seq = fields.get("received_at"), fields.get("seq")
    faults = faults_of(fields)
    if received_at is not None and (fault := check_timestamp(received_at, "received_at")):
        faults.append(fault)
    if not _is_seq(seq):
        msg = f"must be a whole number from 1 to {MAX_SEQ_IN_FILES}"
        faults.append(Fault("seq", FaultCode.NOT_AN_INTEGER, msg))
    if faults:
        raise InvalidMessage(faults)
    known = {name: value for name, value in fields.items() if name in COLUMNS}
    if isinstance(seq, float):
        known["seq"] = int(seq)
    return msgspec.convert(known, _WireRecord).to_record()


def _is_seq(value: object) -> bool:
    if value is None:
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 1 <= value <= MAX_SEQ_IN_FILES and value == int(value)
