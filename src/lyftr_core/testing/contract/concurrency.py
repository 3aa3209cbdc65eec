"""The contract of many calls at once."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterable

import pytest

from lyftr_core.message import AddOutcome, Message
from lyftr_core.ports import MessageReader, MessageWriter
from lyftr_core.testing.opening import Opening
from lyftr_core.testing.strategies.samples import NOON, get, sample, select_all, select_ids

__all__ = ["ConcurrencyContract"]

_CALLS = 100
_SENDERS = 4  # fewer than the statistics name, so that these add up to the total


class ConcurrencyContract(Opening):
    """That calls at once do as calls one after another would."""

    async def test_of_identical_messages_at_once_one_is_created(self) -> None:
        async with self.open_repository() as (writer, reader):
            outcomes = Counter(await _add_at_once(writer, [sample()] * _CALLS))
            assert outcomes == {AddOutcome.CREATED: 1, AddOutcome.DUPLICATE: _CALLS - 1}
            assert await select_ids(reader) == ["m1"]

    async def test_of_differing_messages_at_once_one_is_created_and_kept(self) -> None:
        messages = [sample(text=f"version {count % 10}") for count in range(_CALLS)]
        async with self.open_repository() as (writer, reader):
            outcomes = await _add_at_once(writer, messages)
            kept = (await get(reader, "m1")).message
            created = outcomes.index(AddOutcome.CREATED)
            assert kept == messages[created]
            assert outcomes == [
                _outcome(message, kept, created=index == created)
                for index, message in enumerate(messages)
            ]

    async def test_many_ids_at_once_are_each_created(self) -> None:
        messages = [sample(f"m{count:03}", text=str(count)) for count in range(_CALLS)]
        async with self.open_repository() as (writer, reader):
            outcomes = await _add_at_once(writer, messages)
            assert outcomes == [AddOutcome.CREATED] * _CALLS
            matches = await select_all(reader)
            assert [stored.message for stored in matches.messages] == messages
            assert len({stored.seq for stored in matches.messages}) == _CALLS

    async def test_each_of_many_pairs_at_once_is_created_once(self) -> None:
        messages = [sample(f"m{count // 2:03}") for count in range(_CALLS)]
        async with self.open_repository() as (writer, reader):
            outcomes = await _add_at_once(writer, messages)
            assert Counter(outcomes) == {
                AddOutcome.CREATED: _CALLS // 2,
                AddOutcome.DUPLICATE: _CALLS // 2,
            }
            assert len(await select_ids(reader)) == _CALLS // 2

    @pytest.mark.parametrize("turns", [0, 1, 2, 5, 20])
    async def test_cancelled_add_harms_no_other(self, turns: int) -> None:
        messages = [sample(f"m{count:03}") for count in range(_CALLS)]
        async with self.open_repository() as (writer, reader):
            tasks = [asyncio.create_task(_add(writer, message)) for message in messages]
            for _ in range(turns):  # so that the cancelled are at one stage or another
                await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert outcomes[1::2] == [AddOutcome.CREATED] * (_CALLS // 2)
            again = await _add_at_once(writer, messages[::2])
            assert set(again) <= {AddOutcome.CREATED, AddOutcome.DUPLICATE}
            assert await select_ids(reader) == [message.message_id for message in messages]

    async def test_message_is_seen_as_soon_as_its_add_returns(self) -> None:
        async with self.open_repository() as (writer, reader):

            async def add_and_see(message: Message) -> None:
                await _add(writer, message)
                assert (await get(reader, message.message_id)).message == message

            await asyncio.gather(*(add_and_see(sample(f"m{count}")) for count in range(_CALLS)))

    async def test_seq_grows_from_what_was_committed_before(self) -> None:
        async with self.open_repository() as (writer, reader):
            latest = 0
            for group in range(5):
                names = [f"{group}-{count}" for count in range(10)]
                await _add_at_once(writer, map(sample, names))
                seqs = [(await get(reader, name)).seq for name in names]
                assert min(seqs) > latest
                latest = max(seqs)

    async def test_answers_amid_writing_are_each_of_one_moment(self) -> None:
        async with self.open_repository() as (writer, reader):
            adding = [
                asyncio.create_task(_add(writer, sample(f"m{n}", sender=f"+1{n % _SENDERS}")))
                for n in range(_CALLS)
            ]
            turns = itertools.count()
            while not all(task.done() for task in adding):
                await _check_consistency(reader)
                # A loop that spins for long would starve a writer that works in a thread.
                await asyncio.sleep(0 if next(turns) < _CALLS else 0.001)
            await asyncio.gather(*adding)
            assert await _check_consistency(reader) == _CALLS


async def _check_consistency(reader: MessageReader) -> int:
    matches = await select_all(reader)
    assert matches.total == len(matches.messages)
    stats = await reader.stats()
    assert stats.total_messages == sum(sender.count for sender in stats.messages_per_sender)
    assert stats.senders_count == len(stats.messages_per_sender)
    return stats.total_messages


async def _add(writer: MessageWriter, message: Message) -> AddOutcome:
    return await writer.add(message, received_at=NOON)


async def _add_at_once(writer: MessageWriter, messages: Iterable[Message]) -> list[AddOutcome]:
    return await asyncio.gather(*(_add(writer, message) for message in messages))


def _outcome(message: Message, kept: Message, *, created: bool) -> AddOutcome:
    if created:
        return AddOutcome.CREATED
    return AddOutcome.DUPLICATE if message == kept else AddOutcome.CONFLICT
