"""That the contract fails where an adapter removes messages in one wrong way."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from lyftr_core import (
    AddOutcome,
    Conflict,
    InMemoryMessageRepository,
    Message,
    Removal,
    RemovalStep,
    Stats,
    StoredMessage,
)
from lyftr_core.conflict import CONTENT_FIELDS
from tests.unit.core.testing.contract import assert_fails


class RemovesNothing(InMemoryMessageRepository):
    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        return replace(await super().remove(removal, after + 10**6), removed=0)


class TellsAnotherNumber(InMemoryMessageRepository):
    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        step = await super().remove(removal, after)
        return replace(step, removed=step.removed + 1)


class CountsEverything(InMemoryMessageRepository):
    async def count(self, removal: Removal) -> int:
        return len(self._stored)


class RemovesAllOfTheTime(InMemoryMessageRepository):
    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        return await super().remove(replace(removal, number=None), after)


class RemovesAllOfTheNumber(InMemoryMessageRepository):
    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        if removal.number:
            removal = replace(removal, received_before=None)
        return await super().remove(removal, after)


class BeginsAtTheFirst(InMemoryMessageRepository):
    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        return await super().remove(removal, 0)


class KeepsWhatCameLast(InMemoryMessageRepository):
    """It loses count: the next message has the `seq` of one that was removed."""

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        step = await super().remove(removal, after)
        self._last_seq = max((stored.seq for stored in self._stored.values()), default=0)
        return step


class FindsItByItsIdentifier(InMemoryMessageRepository):
    def __init__(self) -> None:
        super().__init__()
        self._ever: dict[str, StoredMessage] = {}

    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        self._ever |= self._stored
        return await super().remove(removal, after)

    async def get(self, message_id: str) -> StoredMessage | None:
        return await super().get(message_id) or self._ever.get(message_id)


class CountsItStill(InMemoryMessageRepository):
    async def stats(self) -> Stats:
        stats = await super().stats()
        return replace(stats, total_messages=stats.total_messages + len(self._removed))


class ForgetsTheIdentifier(InMemoryMessageRepository):
    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        step = await super().remove(removal, after)
        self._removed.clear()
        return step


class TakesChangedForTheSame(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        if message.message_id in self._removed:
            return AddOutcome.DUPLICATE
        return await super().add(message, received_at=received_at)


class SaysThatAllFieldsDiffer(InMemoryMessageRepository):
    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        found = await super().conflicts(limit)
        return tuple(replace(one, fields=one.fields or CONTENT_FIELDS) for one in found)


class ForgetsConflicts(InMemoryMessageRepository):
    async def remove(self, removal: Removal, after: int) -> RemovalStep:
        self._conflicts.clear()
        return await super().remove(removal, after)


class LeavesSomething(InMemoryMessageRepository):
    async def scrub(self) -> bool:
        return False


class ScrubsTooMuch(InMemoryMessageRepository):
    async def scrub(self) -> bool:
        self._stored.clear()
        return True


BEFORE = "test_what_was_received_before_goes_and_the_rest_stays"
NUMBER = "test_number_goes_as_sender_and_as_recipient"
BOTH = "test_both_conditions_must_be_met"
ANSWERS = "test_removed_message_is_in_no_answer"
REDELIVERY = "test_late_redelivery_of_a_removed_message_is_a_duplicate"
CHANGED = "test_changed_redelivery_is_a_conflict_of_unknown_fields"
SCRUB = "test_scrub_leaves_nothing_and_changes_no_answer"

CASES: list[tuple[type[InMemoryMessageRepository], str, dict[str, Any]]] = [
    (RemovesNothing, BEFORE, {}),
    (RemovesNothing, NUMBER, {}),
    (TellsAnotherNumber, "test_nothing_to_remove_is_no_error", {}),
    (CountsEverything, BEFORE, {}),
    (RemovesAllOfTheTime, BOTH, {}),
    (RemovesAllOfTheNumber, BOTH, {}),
    (BeginsAtTheFirst, "test_only_what_is_behind_a_seq_goes_where_one_is_given", {}),
    (KeepsWhatCameLast, "test_everything_can_be_removed_and_messages_still_come", {}),
    (FindsItByItsIdentifier, ANSWERS, {}),
    (CountsItStill, ANSWERS, {}),
    (ForgetsTheIdentifier, REDELIVERY, {}),
    (TakesChangedForTheSame, CHANGED, {"fields": "text"}),
    (SaysThatAllFieldsDiffer, CHANGED, {"fields": "from"}),
    (ForgetsConflicts, "test_conflicts_of_before_stay", {}),
    (LeavesSomething, SCRUB, {}),
    (ScrubsTooMuch, SCRUB, {}),
]


@pytest.mark.parametrize(("adapter", "name", "arguments"), CASES)
async def test_contract_finds_the_fault(
    adapter: type[InMemoryMessageRepository], name: str, arguments: dict[str, Any]
) -> None:
    await assert_fails(adapter, name, arguments)
