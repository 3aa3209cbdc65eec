"""Messages on standard output: a table for people, JSON lines for programs."""

from collections.abc import Callable, Sequence

from lyftr_core import StoredMessage
from lyftr_http.cli.output import Output
from lyftr_http.responses import MessageItem

__all__ = ["printer_of_messages"]


def printer_of_messages(
    output: Output, q: str | None = None
) -> Callable[[Sequence[StoredMessage]], None]:
    """Return what prints some more messages each time that it is called.

    Args:
        output: For whom.
        q: What is made to stand out in the texts, for people.
    """
    if output.is_for_people:
        from lyftr_http.cli.message_table import MessageTable  # noqa: PLC0415 - rich is slow to load

        return MessageTable(q).add
    return lambda messages: output.records(map(MessageItem.of, messages))
