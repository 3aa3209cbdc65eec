"""The contract of `MessageReader.select`: the order, and how much of it is returned."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from lyftr_core.message import Message
from lyftr_core.selection import Matches, MessageFilter, Order, Selection
from lyftr_core.testing.opening import Opening, contract_settings
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST, moments
from lyftr_core.testing.strategies.messages import messages
from lyftr_core.testing.strategies.samples import EVERYTHING, NOON, fill, ids, sample, select_all
from lyftr_core.use_cases.list import MAX_OFFSET

__all__ = ["OrderingContract"]

_NAMES = ["a", "b", "c", "d", "e"]


class OrderingContract(Opening):
    """The order of messages, `limit`, `offset` and `total`."""

    async def test_empty_repository_has_nothing(self) -> None:
        async with self.open_repository() as (_, reader):
            assert await select_all(reader) == Matches((), 0)

    async def test_earlier_messages_come_first(self) -> None:
        after_noon = [
            *(timedelta(0), timedelta(microseconds=1), timedelta(milliseconds=250)),
            *(timedelta(milliseconds=500), timedelta(seconds=1), timedelta(days=1)),
        ]
        times = [EARLIEST, *(NOON + delta for delta in after_noon), LATEST]
        # Named and added in other orders than that of time.
        added = [sample(f"m{9 - count}", ts=ts) for count, ts in enumerate(times)]
        async with self.open_repository() as (writer, reader):
            await fill(writer, [*added[1::2], *added[::2]])
            assert [s.message for s in (await select_all(reader)).messages] == added

    async def test_equal_times_come_in_the_order_of_code_points(self) -> None:
        names = [" ", "!", "'", "10", "9", "Z", "a", "aa", "ab", "é", "İ", "\uffff", "\U00010000"]
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(name) for name in [*names[1::2], *names[::2]]])
            assert ids(await select_all(reader)) == names

    async def test_order_of_arrival_does_not_matter(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(name) for name in reversed(_NAMES)])
            assert ids(await select_all(reader)) == _NAMES

    @given(
        stored=st.lists(
            messages(ts=moments() | st.just(NOON), text=st.none()),
            unique_by=lambda message: message.message_id,
            max_size=10,
        )
    )
    @contract_settings
    async def test_descending_is_the_exact_reverse(self, stored: list[Message]) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, stored)
            ascending = ids(await select_all(reader))
            by_place = sorted(stored, key=lambda message: (message.ts, message.message_id))
            assert ascending == [message.message_id for message in by_place]
            descending = await select_all(reader, order=Order.DESCENDING)
            assert ids(descending) == ascending[::-1]

    async def test_limit_and_offset_cut_a_run_out_of_the_order(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, _NAMES))
            for order, expected in ((Order.ASCENDING, _NAMES), (Order.DESCENDING, _NAMES[::-1])):
                for limit in range(1, 7):
                    for offset in range(7):
                        run = Selection(filter=EVERYTHING, order=order, limit=limit, offset=offset)
                        assert ids(await reader.select(run)) == expected[offset : offset + limit]

    async def test_no_message_lies_beyond_the_end(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, _NAMES))
            for offset in (5, 6, 2**31, 2**32, MAX_OFFSET):
                for limit in (1, 101):
                    run = Selection(filter=EVERYTHING, limit=limit, offset=offset)
                    assert await reader.select(run) == Matches((), 5)

    async def test_total_counts_all_that_match_wherever_the_run_begins(self) -> None:
        query = MessageFilter(q="yes")
        texts = ["yes", "no", "yes", None, "yes"]
        async with self.open_repository() as (writer, reader):
            await fill(
                writer, [sample(n, text=text) for n, text in zip(_NAMES, texts, strict=True)]
            )
            for offset in (0, 1, 3, MAX_OFFSET):
                run = Selection(filter=query, limit=1, offset=offset)
                assert (await reader.select(run)).total == 3

    async def test_total_is_none_where_it_is_not_asked(self) -> None:
        async with self.open_repository() as (writer, reader):
            for expected in ([], ["a"]):
                run = Selection(filter=EVERYTHING, limit=5, with_total=False)
                matches = await reader.select(run)
                assert (ids(matches), matches.total) == (expected, None)
                await fill(writer, [sample("a")] if not expected else [])
