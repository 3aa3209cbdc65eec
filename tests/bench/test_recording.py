import sqlite3
from contextlib import closing
from pathlib import Path

from bench.recording import Recording


def rows(database: Path) -> list[tuple[int]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT n FROM t ORDER BY n").fetchall()


def test_a_replay_does_the_same_to_another_database(tmp_path: Path) -> None:
    with Recording() as recording, closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.create_function("double", 1, lambda n: 2 * n, deterministic=True)
        connection.execute("CREATE TABLE t (n INTEGER)")
        recording.mark()
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO t VALUES (double(?))", [(1,), (2,)])
        connection.commit()
        connection.executescript("BEGIN; INSERT INTO t VALUES (7); COMMIT")
        recording.mark()
        connection.execute("INSERT INTO t VALUES (99)")
        connection.commit()
    assert recording.replay(tmp_path / "b.db") > 0
    assert rows(tmp_path / "a.db") == [(2,), (4,), (7,), (99,)]
    assert rows(tmp_path / "b.db") == [(2,), (4,), (7,)]


def test_afterwards_nothing_is_recorded() -> None:
    with Recording():
        pass
    with closing(sqlite3.connect(":memory:")) as connection:
        assert type(connection) is sqlite3.Connection
