"""That the contract fails where an adapter is wrong: each of these writes in one wrong way."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from lyftr_core import AddOutcome, InMemoryMessageRepository, Message, StoredMessage
from lyftr_core.testing.strategies.samples import NOON, sample
from tests.unit.core.testing.contract import Contract


class KeepsTheLast(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        outcome = await super().add(message, received_at=received_at)
        kept = self._stored[message.message_id]
        self._stored[message.message_id] = replace(kept, message=message)
        return outcome


class SeesNoConflict(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        outcome = await super().add(message, received_at=received_at)
        return AddOutcome.DUPLICATE if outcome is AddOutcome.CONFLICT else outcome


class TakesNoneForEmpty(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        return await super().add(replace(message, text=message.text or ""), received_at=received_at)


class ComparesTheTimeOfReceipt(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        known = await self.get(message.message_id)
        if known and known.received_at != received_at:
            return AddOutcome.CONFLICT
        return await super().add(message, received_at=received_at)


class ChecksThenActs(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        known = message.message_id in self._stored
        await asyncio.sleep(0)
        outcome = await super().add(message, received_at=received_at)
        return outcome if known else AddOutcome.CREATED


class AnswersTooEarly(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        stored = StoredMessage(message=message, received_at=received_at, seq=1)
        loop = asyncio.get_running_loop()
        loop.call_soon(self._stored.setdefault, message.message_id, stored)
        return AddOutcome.CREATED


class CancelsTogether(InMemoryMessageRepository):
    _together: asyncio.Task[None] | None = None

    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        if self._together is None or self._together.done():
            self._together = asyncio.create_task(asyncio.sleep(0))
        await self._together
        return await super().add(message, received_at=received_at)


class IgnoresTheCaseOfIds(InMemoryMessageRepository):
    async def get(self, message_id: str) -> StoredMessage | None:
        found = (s for k, s in self._stored.items() if k.lower() == message_id.lower())
        return next(found, None)


class DropsMicroseconds(InMemoryMessageRepository):
    async def add(self, message: Message, *, received_at: datetime) -> AddOutcome:
        whole = replace(message, ts=message.ts.replace(microsecond=0))
        return await super().add(whole, received_at=received_at)


class UsesASeqTwice(InMemoryMessageRepository):
    async def get(self, message_id: str) -> StoredMessage | None:
        stored = await super().get(message_id)
        return stored and replace(stored, seq=1 + stored.seq // 2)


CONFLICT = "test_other_content_is_a_conflict_and_the_first_is_kept"
OTHER_TEXT = {"first": sample(text=None), "second": sample(text="")}
OTHER_TS = {"first": sample(), "second": sample(ts=NOON + timedelta(microseconds=1))}

CASES: list[tuple[type[InMemoryMessageRepository], str, dict[str, Any]]] = [
    (KeepsTheLast, CONFLICT, OTHER_TS),
    (SeesNoConflict, CONFLICT, OTHER_TS),
    (SeesNoConflict, "test_of_differing_messages_at_once_one_is_created_and_kept", {}),
    (TakesNoneForEmpty, CONFLICT, OTHER_TEXT),
    (DropsMicroseconds, CONFLICT, OTHER_TS),
    (DropsMicroseconds, "test_earlier_messages_come_first", {}),
    (ComparesTheTimeOfReceipt, "test_time_of_receipt_is_no_part_of_the_message", {}),
    (ChecksThenActs, "test_of_identical_messages_at_once_one_is_created", {}),
    (ChecksThenActs, "test_each_of_many_pairs_at_once_is_created_once", {}),
    (AnswersTooEarly, "test_new_message_is_created_and_kept_whole", {}),
    (AnswersTooEarly, "test_added_message_is_seen_by_every_way_of_reading", {}),
    (AnswersTooEarly, "test_message_is_seen_as_soon_as_its_add_returns", {}),
    (CancelsTogether, "test_cancelled_add_harms_no_other", {"turns": 1}),
    (IgnoresTheCaseOfIds, "test_unknown_id_is_none", {}),
    (IgnoresTheCaseOfIds, "test_ids_that_are_hard_to_tell_apart_are_apart", {}),
    (UsesASeqTwice, "test_seq_grows_in_the_order_of_adding", {}),
    (UsesASeqTwice, "test_seq_grows_from_what_was_committed_before", {}),
]


@pytest.mark.parametrize(("adapter", "name", "arguments"), CASES)
async def test_contract_finds_the_fault(
    adapter: type[InMemoryMessageRepository], name: str, arguments: dict[str, Any]
) -> None:
    check = getattr(Contract(adapter), name)
    with pytest.raises(AssertionError):
        await check(**arguments)
