from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyftr_core import (
    FaultCode,
    GetMessage,
    InMemoryMessageRepository,
    InvalidQuery,
    ListMessages,
    Matches,
    Message,
    MessageFilter,
    Order,
    Page,
    PageRequest,
    Selection,
    StoredMessage,
)
from lyftr_core.testing import messages
from lyftr_core.testing.strategies.samples import EVERYTHING, NOON, fill, sample

NAMES = ["a", "b", "c", "d", "e"]


async def repository_of(*stored: Message) -> InMemoryMessageRepository:
    repository = InMemoryMessageRepository()
    await fill(repository, stored)
    return repository


def names(page: Page) -> list[str]:
    return [item.message.message_id for item in page.items]


async def all_pages(
    list_messages: ListMessages, query: MessageFilter, order: Order, limit: int
) -> list[Page]:
    pages = [await list_messages(query, PageRequest(order=order, limit=limit))]
    while pages[-1].next_cursor:
        assert len(pages) < 50, "the pages do not come to an end"
        request = PageRequest(order=order, limit=limit, cursor=pages[-1].next_cursor)
        pages.append(await list_messages(query, request))
    return pages


def faults_of(**fields: int | str | None) -> list[tuple[str | None, FaultCode]]:
    with pytest.raises(InvalidQuery) as caught:
        PageRequest(**fields)  # type: ignore[arg-type] # of any field
    return [(fault.field, fault.code) for fault in caught.value.faults]


async def test_page_holds_what_was_asked() -> None:
    repository = await repository_of(*map(sample, NAMES))
    page = await ListMessages(repository)(EVERYTHING, PageRequest(limit=2, offset=1))
    assert names(page) == ["b", "c"]
    assert (page.total, page.limit, page.offset) == (5, 2, 1)
    assert page.next_cursor is not None


async def test_page_by_default_holds_the_first_fifty_in_ascending_order() -> None:
    stored = [sample(f"m{count:03}") for count in range(60)]
    repository = await repository_of(*reversed(stored))
    page = await ListMessages(repository)(EVERYTHING, PageRequest())
    assert [item.message for item in page.items] == stored[:50]
    assert (page.total, page.limit, page.offset) == (60, 50, 0)


async def test_nothing_yields_an_empty_page() -> None:
    page = await ListMessages(await repository_of())(EVERYTHING, PageRequest())
    assert page == Page(items=(), total=0, limit=50, offset=0, next_cursor=None)


@pytest.mark.parametrize(("count", "more"), [(0, False), (1, False), (2, False), (3, True)])
async def test_cursor_is_given_only_where_something_follows(count: int, more: bool) -> None:  # noqa: FBT001 - a case
    repository = await repository_of(*map(sample, NAMES[:count]))
    page = await ListMessages(repository)(EVERYTHING, PageRequest(limit=2))
    assert names(page) == NAMES[: min(count, 2)]
    assert (page.next_cursor is not None) is more


async def test_page_of_the_highest_limit_may_be_followed_by_another() -> None:
    repository = await repository_of(*(sample(f"m{count:03}") for count in range(101)))
    first, second = await all_pages(ListMessages(repository), EVERYTHING, Order.ASCENDING, 100)
    assert (len(first.items), names(second)) == (100, ["m100"])


class AskedRepository(InMemoryMessageRepository):
    """Remembers how many messages it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[int] = []

    async def select(self, selection: Selection) -> Matches:
        self.limits.append(selection.limit)
        return await super().select(selection)


@pytest.mark.parametrize("limit", [1, 100])
async def test_page_costs_the_reader_one_message_more_than_it_may_hold(limit: int) -> None:
    repository = AskedRepository()
    await ListMessages(repository)(EVERYTHING, PageRequest(limit=limit))
    assert repository.limits == [limit + 1]


@given(
    stored=st.lists(
        messages(ts=st.sampled_from([NOON, NOON + timedelta(microseconds=1)]), text=st.none()),
        max_size=8,
        unique_by=lambda message: message.message_id,
    ),
    limit=st.integers(1, 4),
    order=st.sampled_from(Order),
)
async def test_cursors_lead_through_all_messages_without_gap_or_repeat(
    stored: list[Message], limit: int, order: Order
) -> None:
    list_messages = ListMessages(await repository_of(*stored))
    pages = await all_pages(list_messages, EVERYTHING, order, limit)
    expected = sorted(stored, key=lambda m: (m.ts, m.message_id), reverse=order is Order.DESCENDING)
    assert [item.message for page in pages for item in page.items] == expected
    assert {page.total for page in pages} == {len(stored)}
    assert {page.offset for page in pages} == {0}
    assert all(len(page.items) == limit for page in pages[:-1])


async def test_cursors_follow_the_filter() -> None:
    stored = [sample(name, text="yes" if name in "ace" else "no") for name in NAMES]
    list_messages = ListMessages(await repository_of(*stored))
    pages = await all_pages(list_messages, MessageFilter(q="YES"), Order.DESCENDING, 1)
    assert [names(page) for page in pages] == [["e"], ["c"], ["a"]]
    assert [page.total for page in pages] == [3, 3, 3]


async def test_cursor_may_follow_a_page_that_an_offset_began() -> None:
    list_messages = ListMessages(await repository_of(*map(sample, NAMES)))
    first = await list_messages(EVERYTHING, PageRequest(limit=2, offset=1))
    second = await list_messages(EVERYTHING, PageRequest(limit=2, cursor=first.next_cursor))
    assert (names(first), names(second)) == (["b", "c"], ["d", "e"])


async def test_cursor_of_another_filter_is_refused() -> None:
    list_messages = ListMessages(await repository_of(*map(sample, NAMES)))
    page = await list_messages(EVERYTHING, PageRequest(limit=2))
    with pytest.raises(InvalidQuery) as caught:
        await list_messages(MessageFilter(q="a"), PageRequest(cursor=page.next_cursor))
    assert [fault.code for fault in caught.value.faults] == [FaultCode.CURSOR_MISMATCH]


async def test_foreign_cursor_is_refused() -> None:
    list_messages = ListMessages(await repository_of())
    with pytest.raises(InvalidQuery) as caught:
        await list_messages(EVERYTHING, PageRequest(cursor="nonsense"))
    assert [fault.code for fault in caught.value.faults] == [FaultCode.INVALID_CURSOR]


async def test_total_is_left_out_where_it_is_not_asked() -> None:
    repository = await repository_of(*map(sample, NAMES))
    page = await ListMessages(repository)(EVERYTHING, PageRequest(limit=2, with_total=False))
    assert page.total is None
    assert page.next_cursor is not None


async def test_message_is_found_by_its_identifier() -> None:
    get_message = GetMessage(await repository_of(sample("a"), sample("b")))
    expected = StoredMessage(message=sample("b"), received_at=NOON + timedelta(seconds=1), seq=2)
    assert await get_message("b") == expected
    assert await get_message("c") is None


@pytest.mark.parametrize("limit", [1, 50, 100])
def test_limit_from_1_to_100_is_taken(limit: int) -> None:
    assert PageRequest(limit=limit).limit == limit


@pytest.mark.parametrize("limit", [-1, 0, 101, 2**63])
def test_limit_out_of_range_is_refused(limit: int) -> None:
    assert faults_of(limit=limit) == [("limit", FaultCode.OUT_OF_RANGE)]


@pytest.mark.parametrize("offset", [None, 0, 1, 2**63 - 1])
def test_offset_from_0_to_the_greatest_is_taken(offset: int | None) -> None:
    assert PageRequest(offset=offset).offset == offset


@pytest.mark.parametrize("offset", [-1, 2**63, 10**30])
def test_offset_out_of_range_is_refused(offset: int) -> None:
    assert faults_of(offset=offset) == [("offset", FaultCode.OUT_OF_RANGE)]


@pytest.mark.parametrize("offset", [0, 1])
def test_cursor_excludes_any_offset(offset: int) -> None:
    assert faults_of(cursor="a", offset=offset) == [("offset", FaultCode.CONFLICTING)]


def test_page_request_names_every_fault() -> None:
    assert faults_of(limit=0, offset=-1, cursor="a") == [
        ("limit", FaultCode.OUT_OF_RANGE),
        ("offset", FaultCode.OUT_OF_RANGE),
        ("offset", FaultCode.CONFLICTING),
    ]
