"""That the contract fails where an adapter is wrong about conflicts: each of these in one way."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from lyftr_core import AddOutcome, Conflict, InMemoryMessageRepository, Message
from tests.unit.core.testing.contract import Contract


class RecordsNothing(InMemoryMessageRepository):
    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        return ()


class RecordsTooLate(InMemoryMessageRepository):
    def _record(self, message_id: str, fields: tuple[str, ...], received_at: datetime) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(super()._record, message_id, fields, received_at)


class RecordsDuplicates(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        outcome = await super().add(message, received_at=received_at)
        if outcome is AddOutcome.DUPLICATE:
            self._record(message.message_id, ("text",), received_at)
        return outcome


class CountsOnce(InMemoryMessageRepository):
    def _record(self, message_id: str, fields: tuple[str, ...], received_at: datetime) -> None:
        if (message_id, fields) not in self._conflicts:
            super()._record(message_id, fields, received_at)


class KeepsTheLastTimes(InMemoryMessageRepository):
    def _record(self, message_id: str, fields: tuple[str, ...], received_at: datetime) -> None:
        super()._record(message_id, fields, received_at)
        known = self._conflicts[message_id, fields]
        self._conflicts[message_id, fields] = replace(known, last_received_at=received_at)


class HasOneEntryAnId(InMemoryMessageRepository):
    def _record(self, message_id: str, fields: tuple[str, ...], received_at: datetime) -> None:
        known = [key for key in self._conflicts if key[0] == message_id]
        super()._record(message_id, known[0][1] if known else fields, received_at)


class NamesOneField(InMemoryMessageRepository):
    def _record(self, message_id: str, fields: tuple[str, ...], received_at: datetime) -> None:
        super()._record(message_id, fields[:1], received_at)


class SaysSender(InMemoryMessageRepository):
    def _record(self, message_id: str, fields: tuple[str, ...], received_at: datetime) -> None:
        named = tuple({"from": "sender"}.get(field, field) for field in fields)
        super()._record(message_id, named, received_at)


class ListsTheEarliestFirst(InMemoryMessageRepository):
    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        return (await super().conflicts(10**6))[::-1][:limit]


class SortsByUtf16(InMemoryMessageRepository):
    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        found = sorted(await super().conflicts(10**6), key=lambda c: c.fields)
        found.sort(key=lambda c: c.message_id.encode("utf-16-be"))
        found.sort(key=lambda c: c.last_received_at, reverse=True)
        return tuple(found[:limit])


class IgnoresTheLimit(InMemoryMessageRepository):
    async def conflicts(self, limit: int) -> tuple[Conflict, ...]:
        return await super().conflicts(10**6)


NAMES = "test_conflict_names_the_fields_that_differ"
REPEATED = "test_repeated_conflict_is_counted_in_its_entry"
ORDER = "test_latest_come_first_then_ids_and_fields_in_the_order_of_code_points"

CASES: list[tuple[type[InMemoryMessageRepository], str, dict[str, Any]]] = [
    (RecordsNothing, NAMES, {"fields": "text"}),
    (RecordsNothing, "test_conflict_with_a_message_created_at_once_is_recorded", {}),
    (RecordsTooLate, NAMES, {"fields": "text"}),
    (RecordsTooLate, "test_conflict_is_listed_as_soon_as_its_add_returns", {}),
    (RecordsDuplicates, "test_created_and_duplicate_messages_are_no_conflicts", {}),
    (RecordsDuplicates, "test_every_one_of_many_conflicts_at_once_is_counted", {}),
    (CountsOnce, REPEATED, {}),
    (CountsOnce, "test_every_one_of_many_conflicts_at_once_is_counted", {}),
    (KeepsTheLastTimes, "test_times_are_the_earliest_and_the_latest_in_whatever_order", {}),
    (HasOneEntryAnId, "test_each_set_of_fields_has_its_entry", {}),
    (NamesOneField, NAMES, {"fields": "to,text"}),
    (SaysSender, NAMES, {"fields": "from"}),
    (ListsTheEarliestFirst, "test_each_set_of_fields_has_its_entry", {}),
    (ListsTheEarliestFirst, ORDER, {}),
    (SortsByUtf16, ORDER, {}),
    (IgnoresTheLimit, "test_limit_cuts_the_list_off", {}),
]


@pytest.mark.parametrize(("adapter", "name", "arguments"), CASES)
async def test_contract_finds_the_fault(
    adapter: type[InMemoryMessageRepository], name: str, arguments: dict[str, Any]
) -> None:
    check = getattr(Contract(adapter), name)
    with pytest.raises(AssertionError):
        await check(**arguments)
