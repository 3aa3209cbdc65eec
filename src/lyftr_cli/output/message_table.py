"""Messages for people: a line each, in columns that stay where they are."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from lyftr_cli.output.columns import Column
from lyftr_cli.output.safe_text import escaped
from lyftr_cli.output.tables import GAP, console, fitting, print_drawn
from lyftr_core import StoredMessage, format_timestamp
from lyftr_core.selection import highlighted

__all__ = ["MessageTable"]

_COLUMNS = (
    Column("SEQ", is_number=True, leaves=5, style="dim"),
    Column("TS", leaves=3, style="cyan"),
    Column("FROM", leaves=4, style="green"),
    Column("TO", leaves=2, style="green"),
    Column("MESSAGE ID", leaves=1, style="dim"),
    Column("TEXT", is_flexible=True),
)
_ID = 4
_WIDE = 110
"""In columns: a terminal as wide has room for identifiers."""
_FOUND = "bold reverse"


class MessageTable:
    """A table that grows downwards.

    On a terminal texts are broken into lines, and identifiers cut. Where it is narrow, other
    columns are left out, so that there is room for the text.

    Args:
        q: What is made to stand out in the texts.
    """

    def __init__(self, q: str | None = None) -> None:
        self._q = q
        self._console = console()
        self._widths = [len(column.title) for column in _COLUMNS]
        self._shown: list[int] = []

    def add(self, messages: Sequence[StoredMessage]) -> None:
        """Print some more messages; the titles too, if other columns than before are shown."""
        rows = [self._cells(message) for message in messages]
        if not rows:
            return
        for row in rows:
            self._widths = [max(w, c.cell_len) for w, c in zip(self._widths, row, strict=True)]
        widths = self._limited()
        shown = fitting(_COLUMNS, widths, self._console.width)
        if self._console.width < _WIDE and _ID in shown:
            shown.remove(_ID)
        table = Table(
            box=None,
            pad_edge=False,
            padding=(0, GAP, 0, 0),
            header_style="bold",
            show_header=shown != self._shown,
        )
        self._shown = shown
        for index in shown:
            _add_column(table, _COLUMNS[index], widths[index])
        for row in rows:
            table.add_row(*(row[index] for index in shown))
        print_drawn(self._console, table)

    def _limited(self) -> list[int]:
        """Return how wide the columns are; identifiers are cut on a terminal."""
        longest = self._console.width // 5
        if not self._console.is_terminal:
            return self._widths
        return [min(w, longest) if i == _ID else w for i, w in enumerate(self._widths)]

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
        parts = highlighted(text, self._q)
        return Text.assemble(*((escaped(part), _FOUND if hit else "") for part, hit in parts))


def _add_column(table: Table, column: Column, width: int) -> None:
    table.add_column(
        column.title,
        style=column.style,
        justify="right" if column.is_number else "left",
        width=None if column.is_flexible else width,
        no_wrap=not column.is_flexible,
        overflow="fold" if column.is_flexible else "ellipsis",
    )
