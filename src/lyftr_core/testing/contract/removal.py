"""The contract of a `MessageRemover`, for adapters that have one."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lyftr_core.conflict import Conflict
from lyftr_core.message import AddOutcome, Message
from lyftr_core.ports import MessageReader, MessageRemover, MessageWriter
from lyftr_core.removal import Removal
from lyftr_core.selection import LogSelection, MessageFilter
from lyftr_core.testing.opening import contract_settings
from lyftr_core.testing.strategies.messages import messages
from lyftr_core.testing.strategies.samples import EVERYTHING, NOON, fill, get, sample, select_ids
from lyftr_core.use_cases.remove import RemoveMessages

__all__ = ["RemovalContract"]

_SECOND = timedelta(seconds=1)
_ALL = 1_000
_EVERYTHING_SO_FAR = Removal(received_before=NOON + timedelta(days=1))
_PERSON = "+919876543219"
_OF_PERSON = Removal(number=_PERSON)
_OTHER_FIELDS = {
    "from": sample(sender="+12"),
    "to": sample(recipient="+13"),
    "ts": sample(ts=NOON + timedelta(microseconds=1)),
    "text": sample(text="hello"),
    "no text": sample(text=None),
    "empty text": sample(text=""),
}


class RemovalContract:
    """Tests of a `MessageRemover` beside a `MessageWriter` and a `MessageReader`.

    Subclass it under a name that pytest collects, and implement `open_removable`. It is run as
    `RepositoryContract` is. What it cannot check is that nothing is left in the files.

    Example:
        class TestMyRemoval(RemovalContract):
            @asynccontextmanager
            async def open_removable(
                self,
            ) -> AsyncGenerator[tuple[MessageWriter, MessageReader, MessageRemover]]:
                async with MyRepository() as repository:
                    yield repository, repository, repository
    """

    @pytest.fixture(scope="session")
    @staticmethod
    def anyio_backend() -> str:
        """Tell the plugin of anyio, where it is, to run the contract on asyncio alone."""
        return "asyncio"

    # Not abstract: pytest leaves abstract classes out in silence.
    def open_removable(
        self,
    ) -> AbstractAsyncContextManager[tuple[MessageWriter, MessageReader, MessageRemover]]:
        """Open a fresh and empty repository, and close it at the end of the context."""
        raise NotImplementedError(f"{type(self).__name__} must implement open_removable")

    async def test_nothing_to_remove_is_no_error(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            assert await _remove(remover, _EVERYTHING_SO_FAR) == 0
            await fill(writer, [sample()])
            assert await _remove(remover, _OF_PERSON) == 0
            assert await select_ids(reader) == ["m1"]

    async def test_what_was_received_before_goes_and_the_rest_stays(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            # Received a second apart, and sent in the opposite order.
            await fill(writer, [sample(n, ts=NOON - i * _SECOND) for i, n in enumerate("abcd")])
            removal = Removal(received_before=NOON + 2 * _SECOND)
            assert await remover.count(removal) == 2
            assert await _remove(remover, removal) == 2
            assert await select_ids(reader) == ["d", "c"]
            assert await remover.count(removal) == 0
            assert await _remove(remover, removal) == 0

    async def test_number_goes_as_sender_and_as_recipient(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            await fill(
                writer,
                [
                    sample("from", sender=_PERSON),
                    sample("neither"),
                    sample("to", recipient=_PERSON),
                    sample("both", sender=_PERSON, recipient=_PERSON),
                    sample("longer", sender=f"{_PERSON}1", recipient=_PERSON[:-1]),
                ],
            )
            assert await remover.count(_OF_PERSON) == 3
            assert await _remove(remover, _OF_PERSON) == 3
            assert await select_ids(reader) == ["longer", "neither"]
            for query in (MessageFilter(sender=_PERSON), MessageFilter(recipient=_PERSON)):
                assert await select_ids(reader, query) == []

    async def test_both_conditions_must_be_met(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, [sample("d"), _from_person("a"), sample("b"), _from_person("c")])
            removal = Removal(number=_PERSON, received_before=NOON + 2 * _SECOND)
            assert await _remove(remover, removal) == 1
            assert await select_ids(reader) == ["b", "c", "d"]

    async def test_only_what_is_behind_a_seq_goes_where_one_is_given(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, [_from_person("a"), _from_person("b")])
            first = (await get(reader, "a")).seq
            assert (await remover.remove(_OF_PERSON, first)).removed == 1
            assert await select_ids(reader) == ["a"]

    async def test_removed_message_is_in_no_answer(self) -> None:
        kept = [sample(f"k{count}", text=f"kept {count}") for count in range(3)]
        gone = [
            sample(
                f"g{count}", sender=_PERSON, ts=NOON + count * timedelta(hours=30), text="secret"
            )
            for count in range(-1, 2)
        ]
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, kept)
            expected = await reader.stats()
            await fill(writer, gone)
            assert await _remove(remover, _OF_PERSON) == 3
            assert await reader.stats() == expected
            for message in gone:
                assert await reader.get(message.message_id) is None
            assert await select_ids(reader) == ["k0", "k1", "k2"]
            for query in (MessageFilter(q="secret"), MessageFilter(q="ec"), _of_sender(_PERSON)):
                assert await select_ids(reader, query) == []
            log = await reader.read_log(LogSelection(filter=EVERYTHING, after=0, limit=100))
            assert [stored.message for stored in log.messages] == kept

    async def test_everything_can_be_removed_and_messages_still_come(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            empty = await reader.stats()
            await fill(writer, map(sample, "abc"))
            last = (await get(reader, "c")).seq
            assert await _remove(remover, _EVERYTHING_SO_FAR) == 3
            assert await reader.stats() == empty
            await fill(writer, [sample("d")])
            assert (await get(reader, "d")).seq > last
            assert await select_ids(reader) == ["d"]

    async def test_late_redelivery_of_a_removed_message_is_a_duplicate(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, [sample(), sample("none", text=None), sample("empty", text="")])
            await _remove(remover, _EVERYTHING_SO_FAR)
            for message in (sample(), sample("none", text=None), sample("empty", text="")):
                for delay in range(2):
                    outcome = await writer.add(message, received_at=NOON + delay * _SECOND)
                    assert outcome is AddOutcome.DUPLICATE
            assert await select_ids(reader) == []
            assert await reader.conflicts(_ALL) == ()

    @pytest.mark.parametrize("fields", _OTHER_FIELDS)
    async def test_changed_redelivery_is_a_conflict_of_unknown_fields(self, fields: str) -> None:
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, [sample()])
            await _remove(remover, _EVERYTHING_SO_FAR)
            for count in range(2):
                received_at = NOON + count * _SECOND
                outcome = await writer.add(_OTHER_FIELDS[fields], received_at=received_at)
                assert outcome is AddOutcome.CONFLICT
            assert await reader.get("m1") is None
            assert await reader.conflicts(_ALL) == (_conflict("m1", (), NOON, NOON + _SECOND, 2),)

    async def test_conflicts_of_before_stay(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, [sample()])
            await writer.add(sample(text="other"), received_at=NOON)
            await _remove(remover, _EVERYTHING_SO_FAR)
            assert await reader.conflicts(_ALL) == (_conflict("m1", ("text",), NOON, NOON, 1),)

    async def test_scrub_leaves_nothing_and_changes_no_answer(self) -> None:
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, [*map(sample, "abc"), _from_person("d")])
            await _remove(remover, _OF_PERSON)
            expected = await reader.stats()
            assert await RemoveMessages(remover).scrub()
            assert await reader.stats() == expected
            assert await select_ids(reader, MessageFilter(q="hello")) == ["a", "b", "c"]

    @given(message=messages(), kept=messages())
    @contract_settings
    async def test_any_message_can_be_removed(self, message: Message, kept: Message) -> None:
        kept = replace(kept, message_id="kept" if message.message_id != "kept" else "other")
        async with self.open_removable() as (writer, reader, remover):
            await writer.add(message, received_at=NOON)
            await writer.add(kept, received_at=NOON + _SECOND)
            assert await _remove(remover, Removal(received_before=NOON + _SECOND)) == 1
            assert await reader.get(message.message_id) is None
            assert (await get(reader, kept.message_id)).message == kept
            assert await writer.add(message, received_at=NOON) is AddOutcome.DUPLICATE
            assert await select_ids(reader) == [kept.message_id]

    @given(numbers=st.lists(st.sampled_from(["+12", "+13", _PERSON]), max_size=20))
    @contract_settings
    async def test_figures_are_those_of_what_stays(self, numbers: list[str]) -> None:
        sent = [sample(f"m{count}", sender=number) for count, number in enumerate(numbers)]
        async with self.open_removable() as (writer, reader, remover):
            await fill(writer, sent)
            removed = await _remove(remover, _OF_PERSON)
            stats = await reader.stats()
            assert (removed, stats.total_messages) == (
                numbers.count(_PERSON),
                len(numbers) - removed,
            )
            assert stats.senders_count == len({*numbers} - {_PERSON})
            assert await select_ids(reader) == sorted(
                m.message_id for m in sent if m.sender != _PERSON
            )


async def _remove(remover: MessageRemover, removal: Removal) -> int:
    return await RemoveMessages(remover)(removal)


def _from_person(message_id: str) -> Message:
    return sample(message_id, sender=_PERSON)


def _of_sender(number: str) -> MessageFilter:
    return MessageFilter(sender=number)


def _conflict(
    message_id: str, fields: tuple[str, ...], first: datetime, last: datetime, deliveries: int
) -> Conflict:
    return Conflict(
        message_id=message_id,
        fields=fields,
        first_received_at=first,
        last_received_at=last,
        deliveries=deliveries,
    )
