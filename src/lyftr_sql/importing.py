"""Where in the log messages go that come with a place of their own, as in a file."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lyftr_core.message import AddOutcome, Record
from lyftr_sql.rows import Kept, Row

__all__ = ["Placed", "place"]


class Placed(NamedTuple):
    """What becomes of a batch.

    Attributes:
        outcomes: Of each row, in the order of the batch.
        new: Those to add, each behind its `seq`.
    """

    outcomes: list[AddOutcome]
    new: list[tuple[object, ...]]


def place(batch: Iterable[Record], rows: Sequence[Row], kept: dict[str, Kept], last: int) -> Placed:
    """Give each new row a `seq`: that of its record, or the next one where the log has passed it.

    One above `lyftr_core.message.MAX_KEPT_SEQ` is not kept either.

    Args:
        batch: The records.
        rows: Their rows.
        kept: What the table holds under their identifiers; what is new is added.
        last: The last `seq` of the log.
    """
    placed = Placed([], [])
    for row, record in zip(rows, batch, strict=True):
        if row.message_id in kept:
            placed.outcomes.append(kept[row.message_id].tell(row))
        else:
            last = max(last + 1, record.kept_seq or 0)
            kept[row.message_id] = Kept(last, None, row.content)
            placed.new.append((last, *row))
            placed.outcomes.append(AddOutcome.CREATED)
    return placed
