"""The contract of recording conflicts, and of `MessageReader.conflicts`."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lyftr_core.conflict import Conflict
from lyftr_core.message import AddOutcome, Message
from lyftr_core.ports import MessageWriter
from lyftr_core.testing.opening import Opening, contract_settings
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST, message_ids
from lyftr_core.testing.strategies.samples import NOON, fill, sample

__all__ = ["ConflictsContract"]

_SECOND = timedelta(seconds=1)
_ALL = 1_000
_AT_ONCE = 100
_OTHER = {
    "from": sample(sender="+12"),
    "to": sample(recipient="+13"),
    "ts": sample(ts=NOON + timedelta(microseconds=1)),
    "text": sample(text=None),
    "from,to": sample(sender="+12", recipient="+13"),
    "to,text": sample(recipient="+13", text=""),
    "from,to,ts,text": sample(sender="+12", recipient="+13", ts=EARLIEST, text="hello"),
}


class ConflictsContract(Opening):
    """What is kept of a delivery that differs from the message stored under its identifier."""

    async def test_created_and_duplicate_messages_are_no_conflicts(self) -> None:
        async with self.open_repository() as (writer, reader):
            assert await reader.conflicts(_ALL) == ()
            await fill(writer, map(sample, "abc"))
            assert await writer.add(sample("a"), received_at=NOON) is AddOutcome.DUPLICATE
            assert await reader.conflicts(_ALL) == ()

    @pytest.mark.parametrize("fields", _OTHER)
    async def test_conflict_names_the_fields_that_differ(self, fields: str) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            await _differ(writer, _OTHER[fields], NOON + _SECOND)
            assert await reader.conflicts(_ALL) == (_conflict("m1", fields, 1),)

    async def test_repeated_conflict_is_counted_in_its_entry(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            for count, text in enumerate(["a", "b", "b"]):
                await _differ(writer, sample(text=text), NOON + count * _SECOND)
            assert await reader.conflicts(_ALL) == (_conflict("m1", "text", 0, 2, deliveries=3),)

    async def test_times_are_the_earliest_and_the_latest_in_whatever_order(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            for received_at in (NOON, LATEST, EARLIEST, NOON + _SECOND):
                await _differ(writer, sample(text="a"), received_at)
            (conflict,) = await reader.conflicts(_ALL)
            assert (conflict.first_received_at, conflict.last_received_at) == (EARLIEST, LATEST)
            assert conflict.deliveries == 4

    async def test_each_set_of_fields_has_its_entry(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            for count, fields in enumerate([*_OTHER, *_OTHER]):
                await _differ(writer, _OTHER[fields], NOON + count * _SECOND)
            expected = [
                _conflict("m1", fields, count, count + len(_OTHER), deliveries=2)
                for count, fields in enumerate(_OTHER)
            ]
            assert await reader.conflicts(_ALL) == tuple(reversed(expected))

    async def test_latest_come_first_then_ids_and_fields_in_the_order_of_code_points(self) -> None:
        names = ["!", "Z", "a", "aa", "é", "\uffff", "\U00010000"]
        by_fields = sorted(_OTHER, key=lambda fields: fields.split(","))
        earlier = [("a", fields, -_SECOND) for fields in by_fields]
        expected = [
            ("later", "ts", timedelta(microseconds=1)),
            *((name, fields, timedelta(0)) for name in names for fields in ("from,to", "ts")),
            *(entry for entry in earlier if entry[1] not in ("from,to", "ts")),
        ]
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(name) for name in (*names, "later")])
            for message_id, fields, delta in (*expected[::2], *expected[1::2]):
                other = replace(_OTHER[fields], message_id=message_id)
                await _differ(writer, other, NOON + delta)
            found = await reader.conflicts(_ALL)
            assert [
                (c.message_id, ",".join(c.fields), c.last_received_at - NOON) for c in found
            ] == expected

    async def test_limit_cuts_the_list_off(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, "abc"))
            for name in "abc":
                await _differ(writer, sample(name, text="other"), NOON)
            for limit, listed in ((1, "a"), (2, "ab"), (3, "abc"), (4, "abc")):
                assert "".join(c.message_id for c in await reader.conflicts(limit)) == listed

    async def test_conflict_is_listed_as_soon_as_its_add_returns(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(f"m{count}") for count in range(_AT_ONCE)])

            async def differ_and_see(message: Message) -> None:
                await _differ(writer, message, NOON)
                assert message.message_id in [c.message_id for c in await reader.conflicts(_ALL)]

            others = [sample(f"m{count}", text="other") for count in range(_AT_ONCE)]
            await asyncio.gather(*map(differ_and_see, others))

    async def test_every_one_of_many_conflicts_at_once_is_counted(self) -> None:
        """Among them are the message itself and new ones, so that all outcomes meet."""
        others = [_OTHER[("text", "ts")[count % 2]] for count in range(_AT_ONCE)]
        others += [sample()] * 5 + [sample(f"new {count}") for count in range(5)]
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            outcomes = await asyncio.gather(*(writer.add(m, received_at=NOON) for m in others))
            assert outcomes.count(AddOutcome.CONFLICT) == _AT_ONCE
            assert await reader.conflicts(_ALL) == tuple(
                _conflict("m1", fields, 0, deliveries=_AT_ONCE // 2) for fields in ("text", "ts")
            )

    async def test_conflict_with_a_message_created_at_once_is_recorded(self) -> None:
        versions = [sample(text=f"version {count}") for count in range(_AT_ONCE)]
        async with self.open_repository() as (writer, reader):
            outcomes = await asyncio.gather(*(writer.add(m, received_at=NOON) for m in versions))
            assert outcomes.count(AddOutcome.CREATED) == 1
            expected = _conflict("m1", "text", 0, deliveries=_AT_ONCE - 1)
            assert await reader.conflicts(_ALL) == (expected,)

    @given(message_id=message_ids(), fields=st.sampled_from(sorted(_OTHER)))
    @contract_settings
    async def test_every_id_comes_back_as_it_was(self, message_id: str, fields: str) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(message_id)])
            await _differ(writer, replace(_OTHER[fields], message_id=message_id), NOON)
            assert await reader.conflicts(_ALL) == (_conflict(message_id, fields, 0),)


async def _differ(writer: MessageWriter, other: Message, received_at: datetime) -> None:
    assert await writer.add(other, received_at=received_at) is AddOutcome.CONFLICT


def _conflict(
    message_id: str, fields: str, first: int, last: int | None = None, *, deliveries: int = 1
) -> Conflict:
    """Return a conflict; its times are in seconds from noon."""
    return Conflict(
        message_id=message_id,
        fields=tuple(fields.split(",")),
        first_received_at=NOON + first * _SECOND,
        last_received_at=NOON + (first if last is None else last) * _SECOND,
        deliveries=deliveries,
    )
