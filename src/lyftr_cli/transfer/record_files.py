"""Files of messages, as `lyftr export` writes them and `lyftr import` reads them.

Read and written record by record, so that their size does not matter.
"""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import click

from lyftr_cli.transfer.csv_lines import (
    CSV_HEADER,
    parse_csv_header,
    parse_csv_record,
    to_csv_record,
)
from lyftr_cli.transfer.json_lines import MAX_RECORD_SIZE, parse_json_record, to_json_record
from lyftr_core import Fault, FaultCode, InvalidMessage, LyftrError, StoredMessage
from lyftr_core.message import Record

__all__ = [
    "FileFormat",
    "ReadRecord",
    "RecordFile",
    "WrongRecord",
    "format_option",
    "header_of",
    "writer_of",
]


_Command = TypeVar("_Command", bound=Callable[..., Any])


class FileFormat(StrEnum):
    """How the records of a file are written."""

    JSONL = "jsonl"
    CSV = "csv"

    @classmethod
    def of(cls, path: Path | None) -> "FileFormat":
        """Return the format that the name of a file tells of."""
        return cls.CSV if path is not None and path.suffix.lower() == ".csv" else cls.JSONL


def format_option(command: _Command) -> _Command:
    """Add `--format`; the command gets it as `file_format`."""
    return click.option(
        "--format",
        "file_format",
        type=click.Choice(list(FileFormat), case_sensitive=False),
        help="JSON lines or CSV.  [default: by the name of the file, else jsonl]",
    )(command)


def header_of(file_format: FileFormat) -> bytes:
    """Return what a file begins with."""
    return CSV_HEADER if file_format is FileFormat.CSV else b""


def writer_of(file_format: FileFormat) -> Callable[[StoredMessage], bytes]:
    """Return what writes a record."""
    return to_csv_record if file_format is FileFormat.CSV else to_json_record


class ReadRecord(NamedTuple):
    """A record as it stands in a file.

    Attributes:
        line: The line where it begins, from 1.
        raw: All of it, with its line end if it has one.
        end: How many bytes of the file are read with it.
        record: What it says.
    """

    line: int
    raw: bytes
    end: int
    record: Record


class WrongRecord(NamedTuple):
    """A record that breaks a rule, or that the database does not take.

    Attributes:
        line: The line where it begins, from 1.
        raw: All of it, or only its beginning where it is longer than any record may be.
        fault: What is wrong with it.
    """

    line: int
    raw: bytes
    fault: LyftrError


class RecordFile:
    """Reads a file from its beginning, once.

    Args:
        stream: The file.
        file_format: How it is written.

    Attributes:
        header: What comes before the first record.
    """

    def __init__(self, stream: BinaryIO, file_format: FileFormat) -> None:
        self._stream = stream
        self._is_csv = file_format is FileFormat.CSV
        self._line = 1
        self._end = 0
        self.header = b""

    def __iter__(self) -> Iterator[ReadRecord | WrongRecord]:
        """Yield every record; lines without anything are left out.

        The first line of a file of CSV must name its columns; else it is the only record, a wrong
        one.
        """
        parse: Callable[[bytes], Record] = parse_json_record
        if self._is_csv:
            self.header = self._read()
            try:
                parse = partial(parse_csv_record, parse_csv_header(self.header))
            except InvalidMessage as exc:
                yield WrongRecord(1, self.header, exc)
                return
        while True:
            line, raw = self._line, self._read()
            if not raw:
                return
            if not raw.isspace():
                yield self._parsed(parse, line, raw)

    def _parsed(
        self, parse: Callable[[bytes], Record], line: int, raw: bytes
    ) -> ReadRecord | WrongRecord:
        try:
            if len(raw) >= MAX_RECORD_SIZE:
                raise _too_long()
            return ReadRecord(line, raw, self._end, parse(raw))
        except InvalidMessage as exc:
            return WrongRecord(line, raw, exc)

    def _read(self) -> bytes:
        """Return the next record, its beginning if it is too long; nothing at the end.

        A byte order mark at the beginning of the file is left out, as editors and spreadsheets
        put one there.
        """
        raw = b""
        while not raw or (self._is_csv and raw.count(b'"') % 2):
            more = self._stream.readline(MAX_RECORD_SIZE + (0 if self._end else len(BOM_UTF8)))
            raw += more if self._end else more.removeprefix(BOM_UTF8)
            self._end += len(more)
            self._line += 1
            if not more:
                break
            if len(raw) >= MAX_RECORD_SIZE:
                self._skip_line(more)
                break
        return raw

    def _skip_line(self, more: bytes) -> None:
        while more and not more.endswith(b"\n"):
            more = self._stream.readline(MAX_RECORD_SIZE)
            self._end += len(more)


def _too_long() -> InvalidMessage:
    msg = f"must have less than {MAX_RECORD_SIZE} bytes"
    return InvalidMessage([Fault(None, FaultCode.TOO_LONG, msg)])
