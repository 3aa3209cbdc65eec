"""`check` finds nothing wrong with what is right, and names exactly what is wrong."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lyftr_core import Message, SchemaMismatch, StorageUnavailable
from lyftr_core.message import MAX_SEQ_IN_FILES
from lyftr_sqlite import Finding, check, rebuild
from tests.support.sqlite_files import NAMES, event_loop, insert_many, new_file, open_database

_NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
_COUNT = 12
_FOLDED = 9
_SUBJECTS = (
    *("file", "messages", "conflicts", "watermarks", "messages_by_ts", "messages_by_sender"),
    *("messages_by_recipient", "totals", "counts_by_sender", "counts_by_recipient"),
    *("counts_by_time", "search"),
)
_LISTS = ("messages_by_ts", "messages_by_sender", "messages_by_recipient")
_TEXTS = ("Plain", "STRASSE \u00c9", "\u0130\u00df", None)


def _messages() -> Iterator[Message]:
    for number in range(_COUNT):
        yield Message(
            message_id=f"m{number}",
            sender=f"+1{number % 3}",
            recipient=f"+2{number % 2}",
            ts=_NOON + number * timedelta(minutes=25),
            text=_TEXTS[number % 4] and f"{_TEXTS[number % 4]} number {number}",
        )


_OTHER = Message(message_id="m1", sender="+19", recipient="+29", ts=_NOON)
"""Differs in all from the second message."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Some messages, of which three are not folded yet, and a conflict with the second."""
    path = new_file(tmp_path)

    async def fill() -> None:
        async with open_database(path) as database:
            await database.add(_messages())
            await database.add([_OTHER])
            await database.fold(limit=_FOLDED)

    with event_loop() as run:
        run(fill())
    return path


def _do(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _faults(file: Path) -> dict[str, tuple[str, ...]]:
    return {finding.subject: finding.faults for finding in check(file) if finding.faults}


@pytest.mark.parametrize("through", [0, 1, _FOLDED, _COUNT])
def test_a_healthy_database_is_healthy_however_far_it_is_folded(
    tmp_path: Path, through: int
) -> None:
    path = new_file(tmp_path)

    async def fill() -> None:
        async with open_database(path) as database:
            await database.add(_messages())
            for behind, name in enumerate(NAMES):
                await database.fold([name], max(0, through - behind))

    with event_loop() as run:
        run(fill())
    assert list(check(path)) == [Finding(subject, ()) for subject in _SUBJECTS]


def test_an_empty_database_is_healthy(tmp_path: Path) -> None:
    assert list(check(new_file(tmp_path))) == [Finding(subject, ()) for subject in _SUBJECTS]


@pytest.mark.parametrize("name", _LISTS)
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM {} WHERE seq = 4", ("1 entries are missing",)),
        ("DELETE FROM {} WHERE seq % 2", ("5 entries are missing",)),
        ("UPDATE {} SET ts = ts + 1 WHERE seq = 4", ("1 entries are missing", "1 entries are too")),
        ("UPDATE {} SET seq = 5 WHERE seq = 4", ("1 entries are missing", "1 entries are too")),
        (
            "INSERT INTO {0} ({1}, ts, seq) SELECT {1}, 7, 7 FROM {0} LIMIT 1",
            ("1 entries are too",),
        ),
    ],
)
def test_a_list_that_differs_from_the_log_is_named(
    file: Path, name: str, statement: str, fault: tuple[str, ...]
) -> None:
    key = name.removeprefix("messages_by_")
    _do(file, statement.format(name, "message_id" if key == "ts" else key))
    faults = _faults(file)
    assert set(faults) == {name}
    assert len(faults[name]) == len(fault)
    assert all(found.startswith(part) for found, part in zip(faults[name], fault, strict=True))


def test_a_list_with_a_wrong_identifier_is_named(file: Path) -> None:
    _do(file, "UPDATE messages_by_ts SET message_id = 'other' WHERE seq = 4")
    assert _faults(file) == {"messages_by_ts": ("1 entries are missing", "1 entries are too many")}


@pytest.mark.parametrize("name", ["sender", "recipient"])
def test_a_list_with_a_wrong_number_is_named(file: Path, name: str) -> None:
    _do(file, f"UPDATE messages_by_{name} SET {name} = 99 WHERE seq = 4")  # noqa: S608 - a name of the test
    assert set(_faults(file)) == {f"messages_by_{name}"}


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("UPDATE totals SET value = value + 1 WHERE name = 'messages'", "totals"),
        ("UPDATE totals SET value = value - 1 WHERE name = 'senders'", "totals"),
        ("DELETE FROM totals WHERE name = 'senders'", "totals"),
        ("UPDATE counts_by_sender SET messages = 4 WHERE sender = '+11'", "counts_by_sender"),
        ("DELETE FROM counts_by_sender WHERE sender = '+12'", "counts_by_sender"),
        ("INSERT INTO counts_by_sender VALUES ('+99', 0)", "counts_by_sender"),
        ("UPDATE counts_by_recipient SET messages = messages + 1", "counts_by_recipient"),
        ("UPDATE counts_by_recipient SET recipient = recipient || '0'", "counts_by_recipient"),
        ("UPDATE counts_by_time SET messages = 2 WHERE width = 60000000", "counts_by_time"),
        ("DELETE FROM counts_by_time WHERE width = 3600000000", "counts_by_time"),
        (
            "UPDATE counts_by_time SET start = start + width WHERE width > 4000000000",
            "counts_by_time",
        ),
        ("INSERT INTO counts_by_time VALUES (1, 2, 3)", "counts_by_time"),
    ],
)
def test_a_count_that_differs_from_the_log_is_named(
    file: Path, statement: str, subject: str
) -> None:
    _do(file, statement)
    assert set(_faults(file)) == {subject}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO search (search, rowid, text) VALUES ('delete', 1, 'plain number 0')",
        "INSERT INTO search (rowid, text) VALUES (1, 'else')",
        "INSERT INTO search (rowid, text) VALUES (99, 'plain number 0')",
        "INSERT INTO search (search) VALUES ('delete-all')",
    ],
)
def test_a_search_index_that_differs_from_the_log_is_named(file: Path, statement: str) -> None:
    _do(file, statement)
    assert set(_faults(file)) == {"search"}


def test_texts_that_are_mixed_up_in_the_search_index_are_seen(file: Path) -> None:
    """Each of them has the trigrams of the other: none is missing, and none is too many."""
    _do(
        file,
        "INSERT INTO search (search, rowid, text) VALUES ('delete', 1, 'plain number 0')",
        "INSERT INTO search (search, rowid, text) VALUES ('delete', 5, 'plain number 4')",
        "INSERT INTO search (rowid, text) VALUES (1, 'plain number 4')",
        "INSERT INTO search (rowid, text) VALUES (5, 'plain number 0')",
    )
    assert set(_faults(file)) == {"search"}


@pytest.mark.parametrize("name", NAMES)
def test_a_watermark_beyond_the_log_is_named(file: Path, name: str) -> None:
    _do(file, f"UPDATE projections SET through_seq = 1000 WHERE name = '{name}'")  # noqa: S608 - a name of the test
    faults = _faults(file)
    assert faults["watermarks"] == (f"{name} is at 1000, the log at {_COUNT}",)
    # What it should hold by then, it does not.
    of_counts = {"totals", "counts_by_sender", "counts_by_recipient", "counts_by_time"}
    assert set(faults) - {"watermarks"} == (of_counts if name == "counts" else {name})


@pytest.mark.parametrize("through", [_FOLDED - 1, _FOLDED + 1])
def test_a_watermark_beside_what_is_folded_is_seen(file: Path, through: int) -> None:
    _do(file, f"UPDATE projections SET through_seq = {through}")  # noqa: S608 - a number
    assert set(_faults(file)) == set(_SUBJECTS) - {"file", "messages", "conflicts", "watermarks"}


def test_a_message_that_is_gone_is_seen_by_all_that_held_it(file: Path) -> None:
    _do(file, "DELETE FROM messages WHERE seq = 2")
    assert set(_faults(file)) == set(_SUBJECTS) - {"file", "messages", "watermarks"}


_WRONG = "the row with seq 11 "


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("sender = 'tel:1'", "is no valid message"),
        ("recipient = ''", "is no valid message"),
        ("message_id = ''", "is no valid message"),
        ("text = x'80'", "is no valid message"),
        ("ts = 999999999999999999", "is no valid message"),
        ("ts = 'yesterday'", "is no valid message"),
        ("received_at = -99999999999999999", "is no valid message"),
        ("text = CAST(x'80' AS TEXT)", "is no valid message"),
        ("sender = CAST(x'2b31ff' AS TEXT)", "is no valid message"),
        ("folded = 'else'", "has a wrong folded text"),
        ("text = '\u00c9', folded = NULL", "has a wrong folded text"),
        ("text = '\u00c9', folded = '\u00c9'", "has a wrong folded text"),
        ("text = 'A', folded = 'a'", "has a wrong folded text"),
        ("text = NULL, folded = ''", "has a wrong folded text"),
    ],
)
def test_a_message_that_is_none_is_named_by_its_seq(file: Path, change: str, fault: str) -> None:
    _do(file, f"UPDATE messages SET {change} WHERE seq = 11")  # noqa: S608 - of constants
    assert _faults(file) == {"messages": (_WRONG + fault,)}


def test_messages_with_a_seq_that_readers_of_json_round_are_counted(file: Path) -> None:
    _do(file, f"UPDATE messages SET seq = {MAX_SEQ_IN_FILES} - 1 + seq - 10 WHERE seq > 10")  # noqa: S608 - a number
    ((subject, (found,)),) = _faults(file).items()
    assert subject == "messages"
    assert found.startswith(f"1 messages have a seq above {MAX_SEQ_IN_FILES}, ")


def test_a_folded_message_that_was_changed_is_seen_by_what_held_it(file: Path) -> None:
    _do(file, "UPDATE messages SET text = 'else' WHERE seq = 1")
    assert set(_faults(file)) == {"search"}
    _do(file, "UPDATE messages SET sender = '+11' WHERE seq = 1")
    assert set(_faults(file)) == {"search", "messages_by_sender", "counts_by_sender"}


_NAMES_NONE, _NO_TIMES = "do not name the fields that differ", "have times that cannot be"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("message_id = 'M1'", "have no message"),
        ("message_id = CAST(x'80' AS TEXT)", "have no message"),
        ("fields = ''", _NAMES_NONE),
        ("fields = 'text,from'", _NAMES_NONE),
        ("fields = 'from,from'", _NAMES_NONE),
        ("fields = 'from,'", _NAMES_NONE),
        ("fields = 'sender'", _NAMES_NONE),
        ("fields = x'74657874'", _NAMES_NONE),
        ("first_received_at = last_received_at + 1", _NO_TIMES),
        ("first_received_at = 'yesterday'", _NO_TIMES),
        ("last_received_at = 'tomorrow'", _NO_TIMES),
        ("first_received_at = -62135596800000001", _NO_TIMES),
        ("last_received_at = 253402300800000000", _NO_TIMES),
        ("deliveries = 0", "count no delivery"),
        ("deliveries = 'two'", "count no delivery"),
        ("deliveries = 1.5", "count no delivery"),
    ],
)
def test_a_conflict_that_cannot_be_is_named(file: Path, change: str, fault: str) -> None:
    _do(file, f"UPDATE conflicts SET {change}")  # noqa: S608 - of constants
    assert _faults(file) == {"conflicts": (f"1 entries {fault}",)}


@pytest.mark.parametrize("fields", ["from", "to,ts", "from,to,ts,text", "text"])
def test_every_set_of_fields_and_every_time_is_taken(file: Path, fields: str) -> None:
    _do(
        file,
        f"UPDATE conflicts SET fields = '{fields}', deliveries = 7,"  # noqa: S608 - of constants
        " first_received_at = -62135596800000000, last_received_at = 253402300799999999",
    )
    assert _faults(file) == {}


def test_a_damaged_file_is_named(file: Path) -> None:
    """An index that lost an entry: the b-trees are whole, but do not fit each other."""
    with closing(sqlite3.connect(file)) as connection:
        page, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master"
            " WHERE name = 'busiest_senders'"
        ).fetchone()
    content = bytearray(file.read_bytes())
    at = content.index(b"+11", (page - 1) * size, page * size)
    content[at : at + 3] = b"+77"
    file.write_bytes(content)
    faults = _faults(file)
    assert any("busiest_senders" in fault for fault in faults["file"])
    assert set(faults) <= {"file", "counts_by_sender"}


def test_whichever_page_is_damaged_the_file_is_never_called_healthy(file: Path) -> None:
    content, size = file.read_bytes(), 4_096
    for at in range(0, len(content), size):
        file.write_bytes(content[:at] + b"\xa5" * size + content[at + size :])
        assert _named_or_refused(file), at


def _named_or_refused(file: Path) -> bool:
    try:
        return bool(_faults(file))
    except StorageUnavailable:
        return True


def test_several_faults_are_all_named(file: Path) -> None:
    _do(
        file,
        "DELETE FROM messages_by_ts WHERE seq = 1",
        "UPDATE totals SET value = 7",
        "UPDATE messages SET text = NULL, folded = 'x' WHERE seq > 10",
        "INSERT INTO search (search) VALUES ('delete-all')",
    )
    faults = _faults(file)
    assert set(faults) == {"messages_by_ts", "totals", "messages", "search"}
    assert len(faults["messages"]) == 2


def test_checking_changes_nothing(file: Path) -> None:
    before = file.read_bytes()
    for _ in range(2):
        assert _faults(file) == {}
    assert file.read_bytes() == before


def test_checking_does_not_hold_up_a_writer(file: Path) -> None:
    with closing(sqlite3.connect(file, timeout=1, isolation_level=None)) as other:
        for number, finding in enumerate(check(file)):
            assert not finding.faults
            other.execute(
                "INSERT INTO messages (message_id, sender, recipient, ts, received_at)"
                " VALUES (?, '+12', '+13', 0, 0)",
                (f"meanwhile {number}",),
            )
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
        assert other.execute("SELECT count(*) FROM messages").fetchone() == (
            _COUNT + len(_SUBJECTS),
        )


async def test_nothing_is_wrong_while_messages_come_and_are_folded(file: Path) -> None:
    def check_again() -> list[Finding]:
        return [finding for _ in range(5) for finding in check(file) if finding.faults]

    async with open_database(file) as database:
        checking = asyncio.create_task(asyncio.to_thread(check_again))
        while not checking.done():
            insert_many(database.plain, 20)
            await database.fold(limit=7)
        assert await checking == []


def test_a_check_that_is_given_up_lets_go_of_the_file(file: Path) -> None:
    findings = check(file)
    assert next(findings) == Finding("file", ())
    findings.close()  # type: ignore[attr-defined] # it is a generator
    assert list(file.parent.iterdir()) == [file]


def test_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="there is no such file"):
        list(check(tmp_path / "inbox.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "inbox.db").write_text("Dear reader, " * 500)
    with pytest.raises(StorageUnavailable, match="not a database"):
        list(check(path))


def test_a_database_without_tables_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (path := tmp_path / "inbox.db").touch()
    with pytest.raises(SchemaMismatch, match=r"has schema none, .*; first run lyftr migrate"):
        list(check(path))


def test_a_newer_schema_is_refused(file: Path) -> None:
    _do(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaMismatch, match="newer"):
        list(check(file))


@pytest.mark.parametrize("name", NAMES)
def test_a_watermark_that_is_gone_is_named(file: Path, name: str) -> None:
    _do(file, f"DELETE FROM projections WHERE name = '{name}'")  # noqa: S608 - of constants
    faults = _faults(file)
    assert any(name in fault for fault in faults["watermarks"])


def test_an_index_of_words_that_lost_its_own_index_is_named(file: Path) -> None:
    """A walk over all words still finds each of them, and a search finds none."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        insert_many(connection, 20_000)
    rebuild(file)
    assert _faults(file).get("search") is None
    _do(file, "DELETE FROM search_idx")
    assert any("not found" in fault for fault in _faults(file)["search"])
