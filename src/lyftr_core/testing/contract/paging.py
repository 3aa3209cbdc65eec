"""The contract of `Selection.after`: reading on from a place in the order."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from lyftr_core.message import Message
from lyftr_core.ports import MessageReader
from lyftr_core.selection import Matches, MessageFilter, Order, Position, Selection
from lyftr_core.testing.opening import Opening
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import EVERYTHING, NOON, fill, ids, sample, select_all

__all__ = ["PagingContract"]

_TICK = timedelta(microseconds=1)
_MOST_PAGES = 50
"""More than any of these tests needs; an adapter that repeats itself has no last page."""
_IDS = ["!", "Z", "a", "é", "\uffff", "\U00010000", "😀"]
_AT_ONE_TIME = [sample(name) for name in _IDS]
_OVER_TIME = [
    *(sample("z", ts=EARLIEST), sample("y", ts=NOON - _TICK)),
    *_AT_ONE_TIME,
    *(sample("x", ts=NOON + _TICK), sample("w", ts=NOON + timedelta(seconds=1))),
    sample("v", ts=LATEST),
]

_both_orders = pytest.mark.parametrize("order", list(Order))


class PagingContract(Opening):
    """That pages behind each other neither skip nor repeat."""

    @_both_orders
    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    @pytest.mark.parametrize("stored", [_AT_ONE_TIME, _OVER_TIME], ids=["at-one-time", "over-time"])
    async def test_pages_neither_skip_nor_repeat(
        self, stored: list[Message], limit: int, order: Order
    ) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, stored)
            pages = [page async for page in _pages(reader, EVERYTHING, order, limit)]
            expected = ids(await select_all(reader, order=order))
            assert len(expected) == len(stored)
            assert [name for page in pages for name in ids(page)] == expected
            assert {page.total for page in pages} == {len(stored)}

    @_both_orders
    async def test_pages_of_a_filter_hold_all_that_pass(self, order: Order) -> None:
        query = MessageFilter(q="yes", since=NOON)
        stored = [sample(f"m{n}", text="yes" if n % 3 else "no") for n in range(10)]
        async with self.open_repository() as (writer, reader):
            await fill(writer, [*stored, sample("early", ts=NOON - _TICK, text="yes")])
            pages = [page async for page in _pages(reader, query, order, 2)]
            found = [name for page in pages for name in ids(page)]
            assert sorted(found, reverse=order is Order.DESCENDING) == found
            assert sorted(found) == ["m1", "m2", "m4", "m5", "m7", "m8"]
            assert {page.total for page in pages} == {6}

    @_both_orders
    async def test_place_need_not_be_that_of_a_message(self, order: Order) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample("b"), sample("d"), sample("f", ts=NOON + 2 * _TICK)])
            for place, below, above in (
                (Position(NOON, "a"), "", "bdf"),
                (Position(NOON, "c"), "b", "df"),
                (Position(NOON, "d"), "b", "f"),
                (Position(NOON + _TICK, "a"), "bd", "f"),
                (Position(EARLIEST, "z"), "", "bdf"),
                (Position(LATEST, "a"), "bdf", ""),
            ):
                run = Selection(filter=EVERYTHING, order=order, limit=5, after=place)
                expected = above if order is Order.ASCENDING else below[::-1]
                assert ids(await reader.select(run)) == list(expected)

    @_both_orders
    async def test_offset_counts_from_the_place(self, order: Order) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, "abcdef"))
            start = Position(NOON, "a" if order is Order.ASCENDING else "f")
            run = Selection(filter=EVERYTHING, order=order, limit=2, offset=1, after=start)
            matches = await reader.select(run)
            assert ids(matches) == (["c", "d"] if order is Order.ASCENDING else ["d", "c"])
            assert matches.total == 6

    async def test_what_arrives_between_pages_disturbs_no_later_page(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, ["b", "d", "f"]))
            read = []
            async for page in _pages(reader, EVERYTHING, Order.ASCENDING, 1):
                read += ids(page)
                if read == ["b"]:
                    await fill(writer, map(sample, ["a", "c", "g"]))
            assert read == ["b", "c", "d", "f", "g"]


async def _pages(
    reader: MessageReader, query: MessageFilter, order: Order, limit: int
) -> AsyncIterator[Matches]:
    after = None
    for _ in range(_MOST_PAGES):
        run = Selection(filter=query, order=order, limit=limit, after=after)
        matches = await reader.select(run)
        if not matches.messages:
            return
        assert len(matches.messages) <= limit
        yield matches
        last = matches.messages[-1].message
        after = Position(last.ts, last.message_id)
    pytest.fail("the pages do not come to an end")
