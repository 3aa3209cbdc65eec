"""Adapters that are right at first, and wrong after some calls: no single call shows it."""

from datetime import datetime

from lyftr_core import AddOutcome, Conflict, InMemoryMessageRepository, Matches, Message, Selection

__all__ = ["ForgetsAtAPage", "KeepsPages", "ListsConflictsOfTheFirstLook"]


class KeepsPages(InMemoryMessageRepository):
    """Remembers each page behind a cursor: right until a message comes that belongs there."""

    def __init__(self) -> None:
        super().__init__()
        self._pages: dict[object, Matches] = {}

    async def select(self, selection: Selection) -> Matches:
        if selection.after is None:
            return await super().select(selection)
        key = repr(selection)
        if key not in self._pages:
            self._pages[key] = await super().select(selection)
        return self._pages[key]


class ListsConflictsOfTheFirstLook(InMemoryMessageRepository):
    """Remembers each entry as it was first listed, and so no further delivery."""

    def __init__(self) -> None:
        super().__init__()
        self._listed: dict[object, Conflict] = {}

    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        found = await super().conflicts(limit)
        return tuple(self._listed.setdefault((c.message_id, c.fields), c) for c in found)


class ForgetsAtAPage(InMemoryMessageRepository):
    """Takes a redelivery for a conflict once the message was on a page behind a cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._read: set[str] = set()

    async def select(self, selection: Selection) -> Matches:
        matches = await super().select(selection)
        if selection.after:
            self._read |= {stored.message.message_id for stored in matches.messages}
        return matches

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        outcome = await super().add(message, received_at=received_at)
        is_forgotten = message.message_id in self._read
        return AddOutcome.CONFLICT if is_forgotten else outcome
