"""A consumer of a running `lyftr serve`: it handles each message once, whatever kills it.

It asks for page after page, and keeps three things in one SQLite transaction for each page: what
it does with the messages (here: a count for each sender), which ones it has handled, and the
cursor of the page. So a kill at any moment leaves all three as they were before the page, or as
they are after it.

A cursor alone is not enough. Pages come in the order of `ts`, which the sender of a message
chooses, so a message can arrive behind the cursor. On the last page the consumer therefore
compares `total` with the number it has handled. Where there are more, it reads everything again
from the start, and leaves out what it has handled. That costs as much as there are messages, so it
suits senders whose messages are seldom late.
"""

import argparse
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import httpx

__all__ = ["Progress", "consume", "fetch"]

_PAUSE = 1.0
"""Between two looks for new messages, and before another try, in seconds."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS handled (message_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT);
CREATE TABLE IF NOT EXISTS messages_of (sender TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


class Progress:
    """What was done and how far it came, in one SQLite file.

    Args:
        connection: In autocommit mode (`isolation_level=None`).
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.executescript(_SCHEMA)

    @property
    def cursor(self) -> str | None:
        """The cursor to ask for next; `None` stands for the first page."""
        found = self._connection.execute("SELECT cursor FROM place").fetchone()
        return found[0] if found else None

    @property
    def handled(self) -> int:
        """How many messages are handled."""
        (count,) = self._connection.execute("SELECT count(*) FROM handled").fetchone()
        return int(count)

    def take(self, page: Mapping[str, Any]) -> None:
        """Handle the new messages of a page and move on behind it, all or nothing."""
        with self._connection:  # commits, or rolls back
            self._connection.execute("BEGIN IMMEDIATE")
            for item in page["items"]:
                if self._is_new(item["message_id"]):
                    self._handle(item)
            # The last page has no next cursor: it is read again until something follows it.
            self._move(page["next_cursor"] or self.cursor)

    def start_again(self) -> None:
        """Read from the first page on, without handling anything twice."""
        self._move(None)

    def _is_new(self, message_id: str) -> bool:
        statement = "INSERT OR IGNORE INTO handled VALUES (?)"
        return self._connection.execute(statement, (message_id,)).rowcount == 1

    def _handle(self, item: Mapping[str, Any]) -> None:
        """Do what is to be done with a message; here stands yours.

        It is done once because it is in the transaction. Something outside of this file, such as
        an e-mail, can be done twice; send the `message_id` along, so that it can be told.
        """
        self._connection.execute(
            "INSERT INTO messages_of VALUES (?, 1)"
            " ON CONFLICT (sender) DO UPDATE SET count = count + 1",
            (item["from"],),
        )

    def _move(self, cursor: str | None) -> None:
        self._connection.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", (cursor,))


def fetch(client: httpx.Client, cursor: str | None, *, sleep: Callable[[float], None]) -> Any:  # noqa: ANN401 - JSON
    """Return a page, and try until the server gives it.

    Raises:
        httpx.HTTPStatusError: The server refuses for good: the token is wrong, for one.
    """
    while True:
        try:
            response = client.get("/messages", params={"cursor": cursor or "", "limit": 100})
        except httpx.TransportError:
            sleep(_PAUSE)  # the server is being restarted, for one
            continue
        if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            return response.raise_for_status().json()
        sleep(_seconds(response.headers.get("Retry-After", "")))


def consume(client: httpx.Client, progress: Progress, sleep: Callable[[float], None]) -> None:
    """Handle every message that there is, and return."""
    while True:
        page = fetch(client, progress.cursor, sleep=sleep)
        progress.take(page)
        if page["next_cursor"]:
            continue
        if page["total"] <= progress.handled:
            return
        progress.start_again()


def _seconds(retry_after: str) -> float:
    """Read `Retry-After`; its other form, a date, is not what lyftr sends (RFC 9110, 10.2.3)."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else _PAUSE


def _main() -> None:
    parser = argparse.ArgumentParser(description="Count the messages of each sender.")
    parser.add_argument("url", help="of the server, as in http://127.0.0.1:8000")
    parser.add_argument("file", help="SQLite file that keeps what is done")
    parser.add_argument("--once", action="store_true", help="end when all messages are handled")
    arguments = parser.parse_args()
    token = os.environ.get("API_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with (
        closing(sqlite3.connect(arguments.file, timeout=30, isolation_level=None)) as connection,
        httpx.Client(base_url=arguments.url, headers=headers) as client,
    ):
        progress = Progress(connection)
        while True:
            consume(client, progress, time.sleep)
            if arguments.once:
                break
            time.sleep(_PAUSE)
        print(f"{progress.handled} messages handled")  # noqa: T201 - what the command tells


if __name__ == "__main__":
    try:
        _main()
    except httpx.HTTPStatusError as error:
        sys.exit(f"consumer: the server answers {error.response.status_code}")
    except KeyboardInterrupt:
        pass
