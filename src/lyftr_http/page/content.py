"""What the templates show, made from what the use cases answer."""

from datetime import UTC, datetime, timedelta
from typing import Self

import msgspec

from lyftr_core import Page, Stats, StoredMessage, format_timestamp
from lyftr_core.selection import found_in, highlighted
from lyftr_core.wire import MessageItem, StatsBody
from lyftr_http.exchange.representations import encode
from lyftr_http.page.view import View

__all__ = ["Detail", "Results", "Row", "StatsPanel"]

_HOUR = timedelta(hours=1)
_LAST_HOUR = datetime(9999, 12, 31, 23, tzinfo=UTC)
"""There is no moment behind it."""
_LINE = 240
"""How many characters of a text its row shows."""
_LEAD = 40
"""How many of them precede the first hit where that is further back than the row is long."""

Segment = tuple[str, bool]
"""A piece of a text, and whether it is a hit of the search."""


def excerpt(text: str, q: str | None) -> list[Segment]:
    """Return as much of a text as its row shows, on one line, with the hits of the search.

    Args:
        text: The whole text.
        q: The search text, if any.
    """
    line = " ".join(text.split())
    first = next(found_in(line, q), None) if q else None
    start = max(0, first[0] - _LEAD) if first and first[1] > _LINE else 0
    before = "…" if start else ""
    after = "…" if start + _LINE < len(line) else ""
    return [*highlighted(f"{before}{line[start : start + _LINE]}{after}", q)]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the list.

    Attributes:
        item: The message as the API gives it.
        text: What is shown of its text, `None` where it has none.
    """

    item: MessageItem
    text: list[Segment] | None

    @classmethod
    def of(cls, stored: StoredMessage, q: str | None) -> Self:
        """Make the row of a message."""
        text = stored.message.text
        return cls(item=MessageItem.of(stored), text=excerpt(text, q) if text else None)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What a view found.

    Attributes:
        rows: The messages.
        next_cursor: Continues behind them, if there are more.
        total: How many there are in all, where that was counted.
        seq: The end of the log before they were looked for.
    """

    rows: list[Row]
    next_cursor: str | None
    total: int | None
    seq: int

    @classmethod
    def of(cls, page: Page, view: View, seq: int) -> Self:
        """Make it of a page of messages."""
        return cls(
            rows=[Row.of(stored, view.query.q) for stored in page.items],
            next_cursor=page.next_cursor,
            total=page.total,
            seq=seq,
        )


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """An hour of the chart, from a moment to before another."""

    since: str
    until: str
    count: int


class StatsPanel(msgspec.Struct, frozen=True, kw_only=True):
    """What is above the list."""

    stats: StatsBody
    hours: list[Hour]

    @classmethod
    def of(cls, stats: Stats) -> Self:
        """Make it of the statistics."""
        return cls(
            stats=StatsBody.of(stats),
            hours=[
                Hour(
                    since=format_timestamp(hour.hour),
                    until="" if hour.hour >= _LAST_HOUR else format_timestamp(hour.hour + _HOUR),
                    count=hour.count,
                )
                for hour in stats.messages_per_hour
            ],
        )


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is open.

    Attributes:
        item: The message as the API gives it.
        text: Its whole text, `None` where it has none.
        json: The same as JSON, to be copied.
    """

    item: MessageItem
    text: list[Segment] | None
    json: str

    @classmethod
    def of(cls, stored: StoredMessage, q: str | None) -> Self:
        """Make it of a message."""
        item = MessageItem.of(stored)
        text = stored.message.text
        return cls(
            item=item,
            text=[*highlighted(text, q)] if text else None,
            json=msgspec.json.format(encode(item), indent=2).decode(),
        )
