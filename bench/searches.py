"""Clients that search without pause, and a look at SQLite's log meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

from bench.client import Client
from bench.messages import COMMON, RARE, vocabulary

__all__ = ["Watch"]

_SAMPLE_INTERVAL = 0.05
_OK = 200


class Watch:
    """Searches, and notes the size of the log, as long as it is told to.

    Args:
        database: The file of the server that is searched.

    Attributes:
        largest: The largest size of its write-ahead log that was seen, in bytes.
        searches: How many searches were answered 200.
        failed: How many were not.
    """

    def __init__(self, database: Path) -> None:
        self._wal = database.with_name(f"{database.name}-wal")
        self._stop = threading.Event()
        self.largest = 0
        self.searches = 0
        self.failed = 0

    @contextmanager
    def running(self, port: int, clients: int) -> Iterator[None]:
        """Watch, and search with so many clients, while the block runs."""
        threads = [threading.Thread(target=self._sample)]
        threads += [threading.Thread(target=self._search, args=(port, n)) for n in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(_SAMPLE_INTERVAL):
            if self._wal.exists():
                self.largest = max(self.largest, self._wal.stat().st_size)

    def _search(self, port: int, number: int) -> None:
        words = [COMMON, RARE, *vocabulary()[200:220]]
        with Client(port) as client:
            for word in cycle([*words[number:], *words[:number]]):
                if self._stop.is_set():
                    return
                try:
                    found = client.get(f"/messages?q={quote(word)}").status == _OK
                except OSError:
                    self.failed += 1
                    return
                self.searches += found
                self.failed += not found
