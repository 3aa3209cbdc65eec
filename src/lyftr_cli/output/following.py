"""New messages as they are committed: each once, in order, whatever happens to the database."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NoReturn

import click

from lyftr_cli.output.output import say
from lyftr_cli.output.standard_output import require_open_output
from lyftr_core import LogRequest, MessageFilter, ReadLog, StorageUnavailable, StoredMessage
from lyftr_core.database import Store
from lyftr_core.use_cases.list import MAX_LIMIT

__all__ = ["Following"]

_BETWEEN = 0.25
"""In seconds: how often the database is asked for new messages, and the output for a reader."""
_LONGEST = 2.0
"""In seconds: the longest pause after the database could not be read."""


class Following:
    """Shows what is committed behind a `seq`.

    A database that cannot be read now is tried again. Another one in its place ends it: its log is
    another one, and a `seq` of the first says nothing about it.

    Args:
        store: Where the messages are.
        query: Which of them.
        after: Behind which `seq`.
        show: Shows some more.
    """

    def __init__(
        self,
        store: Store,
        query: MessageFilter,
        after: int,
        show: Callable[[Sequence[StoredMessage]], None],
    ) -> None:
        self._store = store
        self._read_log = ReadLog(store.reader)
        self._query = query
        self._after = after
        self._show = show
        self._end = 0
        self._failure = ""

    async def __call__(self) -> NoReturn:
        """Go on until the reader has gone.

        Raises:
            OutputClosed: It has.
            click.ClickException: Another database is in the place of this one.
        """
        pause = _BETWEEN
        while True:
            try:
                await self._show_new()
            except StorageUnavailable as exc:
                self._tell(str(exc))
                pause = min(2 * pause, _LONGEST)
            else:
                self._failure, pause = "", _BETWEEN
            await _wait(pause)

    async def _show_new(self) -> None:
        if not self._store.is_in_place():
            raise self._replaced("was deleted or replaced")
        end = await self._store.reader.last_seq()
        if end < self._end:
            raise self._replaced("has another log now, which ends before this one")
        self._end, has_more = end, self._after < end
        while has_more:
            page = await self._read_log(self._query, LogRequest(after=self._after, limit=MAX_LIMIT))
            self._show(page.items)
            self._after, has_more = page.next_after, page.has_more

    def _replaced(self, what: str) -> click.ClickException:
        return click.ClickException(
            f"{self._store.name} {what}; run the command again to follow what is there now"
        )

    def _tell(self, failure: str) -> None:
        """Say once what is wrong."""
        if failure != self._failure:
            say(f"lyftr: {failure}; trying again", err=True)
        self._failure = failure


async def _wait(seconds: float) -> None:
    """Wait, and look for the reader meanwhile."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := until - loop.time()) > 0:
        require_open_output()
        await asyncio.sleep(min(left, _BETWEEN))
