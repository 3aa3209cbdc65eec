"""A byte order mark, which editors put before UTF-8, does not belong to the first line."""

from io import BytesIO
from pathlib import Path

import pytest

from lyftr_cli.sending.messages import read_outgoing
from lyftr_cli.transfer.csv_lines import CSV_HEADER
from lyftr_cli.transfer.json_lines import MAX_RECORD_SIZE
from lyftr_cli.transfer.record_files import FileFormat, ReadRecord, RecordFile, WrongRecord
from lyftr_runtime.settings import load_settings
from tests.commands.conftest import LINE
from tests.support.results import told
from tests.support.server import Lyftr

pytestmark = pytest.mark.usefixtures("folder")

MARK = b"\xef\xbb\xbf"
JSON = LINE.encode()
CSV = CSV_HEADER + b"m2,+12,+13,2026-01-15T12:00:00Z,,,\r\n"


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", JSON), ("a.csv", CSV)])
def test_a_file_with_a_byte_order_mark_is_imported(lyftr: Lyftr, name: str, content: bytes) -> None:
    Path(name).write_bytes(MARK + content)
    status, out, err = told(lyftr("import", name))
    assert (status, err) == (0, "")
    assert out.endswith("1 new, 0 there already, 0 conflicts\n")


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\n"])
def test_a_file_of_a_byte_order_mark_alone_is_empty(content: bytes) -> None:
    assert list(RecordFile(BytesIO(MARK + content), FileFormat.JSONL)) == []


def test_a_record_that_is_refused_is_kept_without_the_mark(lyftr: Lyftr) -> None:
    Path("a.jsonl").write_bytes(MARK + b'{"message_id":1}\n' + JSON)
    assert lyftr("import", "--skip-invalid", "refused", "a.jsonl").returncode == 0
    assert Path("refused").read_bytes() == b'{"message_id":1}\n'


def test_the_whole_file_counts_and_a_mark_elsewhere_is_refused() -> None:
    found = list(RecordFile(BytesIO(MARK + JSON + MARK + JSON), FileFormat.JSONL))
    first, second = found
    assert isinstance(first, ReadRecord)
    assert (first.raw, first.end) == (JSON, len(MARK + JSON))
    assert isinstance(second, WrongRecord)
    assert second.line == 2


@pytest.mark.parametrize("mark", [b"", MARK])
def test_the_longest_line_is_as_long_with_a_mark(mark: bytes) -> None:
    for size, is_too_long in ((MAX_RECORD_SIZE - 1, False), (MAX_RECORD_SIZE, True)):
        line = b'{"x":"' + b"x" * (size - 9) + b'"}\n'
        assert len(line) == size
        found = list(RecordFile(BytesIO(mark + line + JSON), FileFormat.JSONL))
        assert [(f.line, isinstance(f, ReadRecord)) for f in found] == [(1, False), (2, True)]
        assert isinstance(found[0], WrongRecord)
        assert ("bytes" in str(found[0].fault)) == is_too_long


def test_what_is_sent_begins_behind_the_mark() -> None:
    found = list(read_outgoing(BytesIO(MARK + JSON + JSON)))
    assert [(one.number, one.body, one.fault) for one in found] == [
        (1, JSON.strip(), ""),
        (2, JSON.strip(), ""),
    ]
    assert list(read_outgoing(BytesIO(MARK + b"\r\n"))) == []


def test_a_dotenv_file_may_begin_with_a_mark(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(MARK + b"WEBHOOK_SECRET=of the file\nPORT=1\n")
    settings = load_settings({}, file)
    assert settings.webhook_secret is not None
    assert (settings.webhook_secret.value, settings.port) == ("of the file", 1)
