"""What a program has the sqlite3 module do, recorded, and done once more without the program.

So that the writer is compared with a loop over its own statements, batches, pragmas and
functions, whatever they are in this version.
"""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from unittest.mock import patch

__all__ = ["Recording"]


class _Step(NamedTuple):
    connection: int
    method: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]


class Recording:
    """Records, while it is entered, what every new connection of this process is asked to do.

    It is marked twice: the part between the marks is what `replay` measures.
    """

    def __init__(self) -> None:
        self._steps: list[_Step] = []
        self._connections = 0
        self._marks: list[int] = []

    def __enter__(self) -> Self:
        connect = partial(sqlite3.connect, factory=self._connection_class())
        self._patch = patch.object(sqlite3, "connect", connect)
        self._patch.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._patch.stop()

    def mark(self) -> None:
        """Mark where the part that counts begins, and then where it ends."""
        self._marks.append(len(self._steps))

    def replay(self, database: Path) -> float:
        """Do the same to another database in one plain loop.

        Args:
            database: Its file, in the state in which the recorded one was at first.

        Returns:
            How many seconds the part that counts took.
        """
        with ExitStack() as stack:
            connections = [
                stack.enter_context(closing(sqlite3.connect(database, isolation_level=None)))
                for _ in range(self._connections)
            ]
            begin, end = self._marks
            _do(self._steps[:begin], connections)
            started = time.perf_counter()
            _do(self._steps[begin:end], connections)
            return time.perf_counter() - started

    def add_connection(self) -> int:
        """Return the number of a new connection."""
        self._connections += 1
        return self._connections - 1

    def add(self, connection: int, method: str, *arguments: object, **options: object) -> None:
        """Take down one call."""
        self._steps.append(_Step(connection, method, arguments, options))

    def _connection_class(self) -> type[sqlite3.Connection]:
        recording = self

        class Connection(_RecordedConnection):
            def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as above
                super().__init__(*args, **kwargs)
                self.note = partial(recording.add, recording.add_connection())

        return Connection


class _RecordedConnection(sqlite3.Connection):
    note: "partial[None]"

    def cursor(self, *_: object) -> "_RecordedCursor":  # type: ignore[override] # one kind only
        return super().cursor(_RecordedCursor)

    # These do not come past `cursor` by themselves.
    def execute(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 - passed on
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 - passed on
        return self.cursor().executemany(*args)

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        return self.cursor().executescript(script)

    def commit(self) -> None:
        if self.in_transaction:
            self.note("commit")
        super().commit()

    def create_function(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        self.note("create_function", *args, **kwargs)
        super().create_function(*args, **kwargs)


class _RecordedCursor(sqlite3.Cursor):
    connection: _RecordedConnection

    def execute(self, *args: Any) -> Self:  # noqa: ANN401 - passed on
        self.connection.note("execute", *args)
        return super().execute(*args)

    def executemany(self, *args: Any) -> Self:  # noqa: ANN401 - passed on
        self.connection.note("executemany", *args)
        return super().executemany(*args)

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        self.connection.note("executescript", script)
        return super().executescript(script)


def _do(steps: list[_Step], connections: list[sqlite3.Connection]) -> None:
    for step in steps:
        done = getattr(connections[step.connection], step.method)(*step.arguments, **step.options)
        if isinstance(done, sqlite3.Cursor):
            done.fetchall()
