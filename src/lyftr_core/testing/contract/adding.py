"""The contract of `MessageWriter.add`, one call after another, and of `MessageReader.get`."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given

from lyftr_core.message import AddOutcome, Message
from lyftr_core.testing.opening import Opening, contract_settings
from lyftr_core.testing.strategies.fields import moments
from lyftr_core.testing.strategies.messages import messages
from lyftr_core.testing.strategies.samples import NOON, fill, get, sample, select_ids

__all__ = ["AddingContract"]

_LATER = NOON + timedelta(hours=1)
_HARD_TO_TELL_APART = [
    *("a", "A", "a ", " a", "a/", "á", "a\u0301", "ß", "ss", "İ", "i\u0307", "\u0131", "i"),
    *("1", "01", "1.0", "'", "''", "\\", "\\\\", "%", "_", "null", "None", "\ufeffa", "\u200ba"),
]


class AddingContract(Opening):
    """What adding does, and what is there afterwards."""

    async def test_new_message_is_created_and_kept_whole(self) -> None:
        async with self.open_repository() as (writer, reader):
            assert await writer.add(sample("m1"), received_at=NOON) is AddOutcome.CREATED
            stored = await get(reader, "m1")
            assert (stored.message, stored.received_at) == (sample("m1"), NOON)

    async def test_second_delivery_is_a_duplicate(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            first = await get(reader, "m1")
            for _ in range(2):
                assert await writer.add(sample(), received_at=NOON) is AddOutcome.DUPLICATE
            assert await get(reader, "m1") == first
            assert await select_ids(reader) == ["m1"]

    async def test_time_of_receipt_is_no_part_of_the_message(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            assert await writer.add(sample(), received_at=_LATER) is AddOutcome.DUPLICATE
            assert (await get(reader, "m1")).received_at == NOON

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            pytest.param(sample(), sample(sender="+919876543211"), id="sender"),
            pytest.param(sample(), sample(recipient="+14155550101"), id="recipient"),
            pytest.param(sample(), sample(ts=NOON + timedelta(microseconds=1)), id="ts"),
            pytest.param(sample(text="a"), sample(text="A"), id="text-case"),
            pytest.param(sample(text="a"), sample(text="a "), id="text-space"),
            pytest.param(sample(text="\u00e9"), sample(text="e\u0301"), id="text-composition"),
            pytest.param(sample(text=None), sample(text=""), id="text-none-then-empty"),
            pytest.param(sample(text=""), sample(text=None), id="text-empty-then-none"),
        ],
    )
    async def test_other_content_is_a_conflict_and_the_first_is_kept(
        self, first: Message, second: Message
    ) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [first])
            kept = await get(reader, "m1")
            for _ in range(2):
                assert await writer.add(second, received_at=_LATER) is AddOutcome.CONFLICT
            assert await writer.add(first, received_at=_LATER) is AddOutcome.DUPLICATE
            assert await get(reader, "m1") == kept
            assert kept.message == first
            assert await select_ids(reader) == ["m1"]

    async def test_ids_that_are_hard_to_tell_apart_are_apart(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(i, text=i) for i in _HARD_TO_TELL_APART])
            for message_id in _HARD_TO_TELL_APART:
                assert (await get(reader, message_id)).message.text == message_id

    async def test_unknown_id_is_none(self) -> None:
        async with self.open_repository() as (writer, reader):
            assert await reader.get("m1") is None
            await fill(writer, [sample("m1")])
            for unknown in ("m", "m11", "M1", "m1 ", "m%", "m_", "+919876543210"):
                assert await reader.get(unknown) is None

    async def test_seq_grows_in_the_order_of_adding(self) -> None:
        names = ["c", "a", "b", "z", "y"]
        async with self.open_repository() as (writer, reader):
            for name in names:
                await fill(writer, [sample(name)])
                await writer.add(sample("c", text="other"), received_at=NOON)
            seqs = [(await get(reader, name)).seq for name in names]
            assert seqs == sorted(set(seqs))

    async def test_added_message_is_seen_by_every_way_of_reading(self) -> None:
        async with self.open_repository() as (writer, reader):
            for count, name in enumerate(["a", "b", "c"], start=1):
                assert await writer.add(sample(name), received_at=NOON) is AddOutcome.CREATED
                assert await reader.get(name) is not None
                assert len(await select_ids(reader)) == count
                assert (await reader.stats()).total_messages == count

    @given(message=messages(), received_at=moments())
    @contract_settings
    async def test_every_field_comes_back_as_it_was(
        self, message: Message, received_at: datetime
    ) -> None:
        async with self.open_repository() as (writer, reader):
            assert await writer.add(message, received_at=received_at) is AddOutcome.CREATED
            stored = await get(reader, message.message_id)
            assert (stored.message, stored.received_at) == (message, received_at)
            assert stored.received_at.utcoffset() == timedelta(0)
            assert await writer.add(message, received_at=received_at) is AddOutcome.DUPLICATE
            assert await select_ids(reader) == [message.message_id]
