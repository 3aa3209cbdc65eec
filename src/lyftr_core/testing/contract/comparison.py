"""The contract as a whole: an adapter answers as `InMemoryMessageRepository` does."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lyftr_core.memory import InMemoryMessageRepository
from lyftr_core.message import Message, StoredMessage
from lyftr_core.ports import MessageReader, MessageWriter
from lyftr_core.selection import Position, Selection
from lyftr_core.testing.opening import Opening, contract_settings
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST, message_ids, moments, texts
from lyftr_core.testing.strategies.messages import message_filters, messages, selections
from lyftr_core.testing.strategies.samples import NOON, select_all

__all__ = ["ComparisonContract"]

# Few values, so that messages meet each other and the filters meet messages.
_ids = st.text("aZé/\uffff\U00010000", min_size=1, max_size=2) | message_ids()
_numbers = st.sampled_from(["+10", "+100", "+101", "+2000000"])
_moments = (
    st.integers(-2, 2).map(lambda count: NOON + timedelta(milliseconds=500 * count))
    | st.sampled_from([NOON + timedelta(microseconds=1), EARLIEST, LATEST])
    | moments()
)
_ALPHABET = "aAéÉßsSİi\u0307%_'\\ 😀"
_messages = messages(
    message_id=_ids,
    sender=_numbers,
    recipient=_numbers,
    ts=_moments,
    text=st.none() | st.text(_ALPHABET, max_size=4) | texts(),
)
_selections = selections(
    filters=message_filters(
        sender=_numbers,
        recipient=_numbers,
        since=_moments,
        until=_moments,
        q=st.text(_ALPHABET, min_size=1, max_size=2),
    ),
    after=st.builds(Position, _moments, _ids),
)


class ComparisonContract(Opening):
    """The adapter and the reference, side by side."""

    @given(
        deliveries=st.lists(st.tuples(_messages, moments()), max_size=12),
        asked=st.lists(_selections, min_size=1, max_size=8),
    )
    @contract_settings
    async def test_answers_are_those_of_the_reference(
        self, deliveries: list[tuple[Message, datetime]], asked: list[Selection]
    ) -> None:
        reference = InMemoryMessageRepository()
        async with self.open_repository() as (writer, reader):
            await _compare_outcomes(deliveries, writer, reference)
            await _compare_order_of_commit(reader, reference)
            for selection in asked:
                await _compare_answers(selection, reader, reference)
            assert await reader.stats() == await reference.stats()
            assert await reader.conflicts(100) == await reference.conflicts(100)


async def _compare_outcomes(
    deliveries: Sequence[tuple[Message, datetime]],
    writer: MessageWriter,
    reference: InMemoryMessageRepository,
) -> None:
    for message, received_at in deliveries:
        outcome = await writer.add(message, received_at=received_at)
        assert outcome is await reference.add(message, received_at=received_at)


async def _compare_answers(
    selection: Selection, reader: MessageReader, reference: InMemoryMessageRepository
) -> None:
    matches, expected = await reader.select(selection), await reference.select(selection)
    assert _contents(matches.messages) == _contents(expected.messages)
    assert matches.total == expected.total


async def _compare_order_of_commit(
    reader: MessageReader, reference: InMemoryMessageRepository
) -> None:
    stored, expected = await select_all(reader), await select_all(reference)
    assert _contents(sorted(stored.messages, key=_seq)) == _contents(
        sorted(expected.messages, key=_seq)
    )


# `seq` may have gaps: only its order is compared.
def _contents(run: Sequence[StoredMessage]) -> list[tuple[Message, datetime]]:
    return [(stored.message, stored.received_at) for stored in run]


def _seq(stored: StoredMessage) -> int:
    return stored.seq
