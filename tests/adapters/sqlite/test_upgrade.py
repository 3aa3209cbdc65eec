"""From the schema of the first release to this one: every message stays, every answer too."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from lyftr_core import (
    InMemoryMessageRepository,
    Message,
    MessageFilter,
    SchemaMismatch,
    Selection,
    StorageUnavailable,
)
from lyftr_core.testing import messages, texts
from lyftr_core.timestamps import to_microseconds
from lyftr_sql.rows import fold_beyond_ascii
from lyftr_sqlite import Migration, SqliteMessageReader, SqliteStore, migrate
from lyftr_sqlite.connection.engines import create_reading_engine
from lyftr_sqlite.schema.tables import HEAD
from tests.support import upgraded_databases as examples
from tests.support.examples import example_count
from tests.support.sqlite_files import NAMES, NOW, watermarks
from tests.support.stored import assert_nothing_wrong

_ROW = "INSERT INTO messages (message_id, sender, recipient, ts, text, received_at) VALUES "
_FOLD_OLD = "INSERT INTO messages_by_{0} SELECT {0}, ts, message_id, seq FROM messages"
_MOVE_OLD = "UPDATE projections SET through_seq = (SELECT max(seq) FROM messages) WHERE name = ?"
_TEXTS = [
    *(None, "", "Plain ASCII ~ \x01\x7f", *examples.WORDS, "mixed \u00c9 and %_\\ STRASSE"),
    *("stra\u00dfe", "\x80", "\u00ff", "\uffff", "\U0010ffff", "only at the end: \u0130"),
]
_MESSAGES = [
    Message(
        message_id=f"m{number}",
        sender=f"+1{number % 3}",
        recipient=f"+2{number % 4}",
        ts=examples.BORDER_MOMENTS[number],
        text=text,
    )
    for number, text in enumerate(_TEXTS)
]
_SEARCHES = [MessageFilter(q=q) for q in ("\u00df", "STRASSE", "i\u0307", "abc", "\x01\x7f", "s")]
_FILTERS = [
    *(MessageFilter(), MessageFilter(sender="+11"), MessageFilter(recipient="+22"), *_SEARCHES),
    MessageFilter(since=datetime.fromisoformat("1970-01-01T00:00:00Z")),
]


@pytest.fixture(autouse=True)
def new_databases_from_a_template() -> None:
    """Here every database is migrated, not copied."""


def _alembic(path: Path, revision: str, *, down: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", "lyftr_sqlite:migrations")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)
    engine.dispose()


def _make_first_release(path: Path, kept: list[Message]) -> None:
    """Make a database as the first release left it."""
    _alembic(path, "0001")
    rows = [
        (m.message_id, m.sender, m.recipient, to_microseconds(m.ts), m.text, to_microseconds(NOW))
        for m in kept
    ]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        with connection:
            connection.execute("BEGIN")
            connection.executemany(f"{_ROW} (?, ?, ?, ?, ?, ?)", rows)


def _messages(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT seq, message_id, sender, recipient, ts, text, received_at FROM messages"
        ).fetchall()


async def _compare(reader: SqliteMessageReader, kept: list[Message]) -> None:
    reference = InMemoryMessageRepository()
    for message in kept:
        await reference.add(message, received_at=NOW)
    for query in _FILTERS:
        selection = Selection(filter=query, limit=100)
        assert await reader.select(selection) == await reference.select(selection)
    assert await reader.stats() == await reference.stats()
    for message in kept:
        assert await reader.get(message.message_id) == await reference.get(message.message_id)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "inbox.db"
    _make_first_release(path, _MESSAGES)
    return path


async def test_an_upgraded_database_gives_the_answers_of_its_messages_at_once(old: Path) -> None:
    assert await asyncio.to_thread(migrate, old) == Migration(before="0001", after=HEAD)
    engine = create_reading_engine(old)
    await _compare(SqliteMessageReader(engine), _MESSAGES)
    await engine.dispose()
    assert_nothing_wrong(old)


async def test_a_store_upgrades_folds_and_answers(old: Path) -> None:
    async with SqliteStore(f"sqlite:///{old}") as store:
        with closing(sqlite3.connect(old)) as connection:
            assert watermarks(connection) == dict.fromkeys(NAMES, len(_MESSAGES))
        await _compare(store.reader, _MESSAGES)
        again = _MESSAGES[5]
        assert (await store.writer.add(again, received_at=NOW)).name == "DUPLICATE"
    assert_nothing_wrong(old)


def test_the_messages_stay_byte_for_byte_and_their_folded_texts_are_filled(old: Path) -> None:
    before = _messages(old)
    migrate(old)
    assert _messages(old) == before
    with closing(sqlite3.connect(old)) as connection:
        for text, folded in connection.execute("SELECT text, folded FROM messages"):
            assert folded == (None if text is None else fold_beyond_ascii(text))
        stored = connection.execute("SELECT count(folded) FROM messages").fetchone()[0]
    assert 10 < stored < len(_MESSAGES)


def test_seq_goes_on_where_it_was(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("DELETE FROM messages WHERE seq > 5")
    migrate(old)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(f"{_ROW} ('new', '+12', '+13', 0, NULL, 0)")
        assert connection.execute("SELECT max(seq) FROM messages").fetchone() == (
            len(_MESSAGES) + 1,
        )


def test_any_text_is_folded_as_the_writer_would_have(tmp_path: Path) -> None:
    count = 0

    @given(kept=st.lists(messages(text=st.none() | texts(max_size=99)), max_size=20))
    @settings(max_examples=example_count(10))
    def hold(kept: list[Message]) -> None:
        nonlocal count
        count += 1
        path = tmp_path / f"{count}.db"
        _make_first_release(path, list({m.message_id: m for m in kept}.values()))
        migrate(path)
        assert_nothing_wrong(path)

    hold()


async def test_going_back_keeps_the_messages_and_going_forth_again_too(old: Path) -> None:
    before = _messages(old)
    await asyncio.to_thread(migrate, old)
    await asyncio.to_thread(_alembic, old, "0001", down=True)
    assert _messages(old) == before
    with closing(sqlite3.connect(old)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT 1 FROM messages ORDER BY ts, message_id"
        ).fetchone()
    assert not names & {
        "projections",
        "totals",
        "search",
        "search_data",
        "counts_by_sender",
        "conflicts",
    }
    assert "messages_by_ts" in plan[-1]
    async with SqliteStore(f"sqlite:///{old}") as store:
        await _compare(store.reader, _MESSAGES)
    assert _messages(old) == before


async def test_lists_that_an_earlier_schema_has_folded_are_folded_anew(old: Path) -> None:
    _alembic(old, "0002")
    with closing(sqlite3.connect(old)) as connection, connection:
        for key in ("sender", "recipient"):
            connection.execute(_FOLD_OLD.format(key))
            connection.execute(_MOVE_OLD, [f"messages_by_{key}"])
    assert await asyncio.to_thread(migrate, old) == Migration(before="0002", after=HEAD)
    assert_nothing_wrong(old)
    async with SqliteStore(f"sqlite:///{old}") as store:
        await _compare(store.reader, _MESSAGES)
    assert_nothing_wrong(old)


def test_the_upgrade_from_0003_looks_at_no_message_and_folds_nothing_anew(old: Path) -> None:
    """So it takes the same time however many messages there are."""
    _alembic(old, "0003")
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE projections SET through_seq = 7")
        connection.execute("DROP TABLE messages")
        connection.execute("CREATE TABLE messages (seq INTEGER PRIMARY KEY)")  # nothing to look at
    assert migrate(old) == Migration(before="0003", after=HEAD)
    with closing(sqlite3.connect(old)) as connection:
        assert watermarks(connection) == dict.fromkeys(NAMES, 7)
        assert connection.execute("SELECT * FROM conflicts").fetchall() == []


async def test_a_database_of_0003_is_read_and_records_conflicts_after_its_upgrade(
    old: Path,
) -> None:
    await asyncio.to_thread(_alembic, old, "0003")
    other = msgspec.structs.replace(_MESSAGES[5], text="other")
    async with SqliteStore(f"sqlite:///{old}") as store:
        await _compare(store.reader, _MESSAGES)
        assert await store.reader.conflicts(9) == ()
        assert (await store.writer.add(other, received_at=NOW)).name == "CONFLICT"
        assert [c.message_id for c in await store.reader.conflicts(9)] == [other.message_id]
    assert_nothing_wrong(old)


def test_an_upgrade_that_fails_leaves_the_old_database_as_it_was(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE projections (of_somebody_else)")
    before = _messages(old)
    with pytest.raises(StorageUnavailable, match="projections"):
        migrate(old)
    assert _messages(old) == before
    with closing(sqlite3.connect(old)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(messages)")]
        connection.execute("DROP TABLE projections")
    assert "folded" not in columns
    assert migrate(old) == Migration(before="0001", after=HEAD)


@pytest.mark.parametrize(
    ("abilities", "words"),
    [
        ("SELECT 0, lower(?)", "SQLite with FTS5 is needed"),
        ("SELECT 1, lower(?) || '\u00e9'", "SQLite without ICU is needed"),
    ],
)
def test_an_sqlite_without_what_is_needed_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abilities: str, words: str
) -> None:
    monkeypatch.setattr("lyftr_sqlite.schema.migrate._ABILITIES", abilities)
    with pytest.raises(SchemaMismatch, match=words):
        migrate(tmp_path / "inbox.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_asked_of_this_sqlite_is_true_of_it() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE s USING fts5(t, tokenize='trigram')")
        assert database.execute("SELECT lower('\u00c9A')").fetchone() == ("\u00c9a",)
