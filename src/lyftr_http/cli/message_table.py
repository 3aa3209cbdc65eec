"""Messages for people: a line each, in columns that stay where they are."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from lyftr_core import StoredMessage, format_timestamp
from lyftr_http.cli.highlighting import parts_of
from lyftr_http.cli.safe_text import escaped
from lyftr_http.cli.tables import console, print_drawn

__all__ = ["MessageTable"]

_TITLES = ("SEQ", "TS", "FROM", "TO", "MESSAGE ID", "TEXT")
_STYLES = ("dim", "cyan", "green", "green", "dim", "")
_ID = 4
_WIDE = 110
"""In columns: a terminal as wide has room for identifiers."""
_FOUND = "bold reverse"


class MessageTable:
    """A table that grows downwards.

    On a terminal texts are broken into lines, and identifiers cut, or left out where it is narrow.

    Args:
        q: What is made to stand out in the texts.
    """

    def __init__(self, q: str | None = None) -> None:
        self._q = q
        self._console = console()
        self._widths = [len(title) for title in _TITLES]
        self._has_titles = False
        self._shown = [
            index for index in range(len(_TITLES)) if index != _ID or self._console.width >= _WIDE
        ]

    def add(self, messages: Sequence[StoredMessage]) -> None:
        """Print some more messages."""
        rows = [self._cells(message) for message in messages]
        for row in rows:
            self._widths = [max(w, c.cell_len) for w, c in zip(self._widths, row, strict=True)]
        if not rows:
            return
        table = Table(
            box=None,
            pad_edge=False,
            padding=(0, 2, 0, 0),
            header_style="bold",
            show_header=not self._has_titles,
        )
        self._has_titles = True
        for index in self._shown:
            self._add_column(table, index)
        for row in rows:
            table.add_row(*(row[index] for index in self._shown))
        print_drawn(self._console, table)

    def _add_column(self, table: Table, index: int) -> None:
        is_text = index == len(_TITLES) - 1
        longest = self._console.width // 5 if index == _ID and self._console.is_terminal else None
        width = None if is_text else min(self._widths[index], longest or self._widths[index])
        table.add_column(
            _TITLES[index],
            style=_STYLES[index],
            justify="right" if index == 0 else "left",
            width=width,
            no_wrap=not is_text,
            overflow="fold" if is_text else "ellipsis",
        )

    def _cells(self, stored: StoredMessage) -> list[Text]:
        message = stored.message
        plain = (
            str(stored.seq),
            format_timestamp(message.ts),
            message.sender,
            message.recipient,
            message.message_id,
        )
        return [*(Text(escaped(cell)) for cell in plain), self._text(message.text or "")]

    def _text(self, text: str) -> Text:
        parts = parts_of(text, self._q)
        return Text.assemble(*((escaped(part), _FOUND if hit else "") for part, hit in parts))
