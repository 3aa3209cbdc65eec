"""That the contract fails where an adapter is wrong: each of these reads in one wrong way."""

from typing import Any

import pytest
from msgspec.structs import replace

from lyftr_core import (
    InMemoryMessageRepository,
    Matches,
    Message,
    MessageFilter,
    Order,
    Position,
    Selection,
    SenderCount,
    Stats,
)
from lyftr_core.testing.strategies.samples import sample
from tests.unit.core.testing.contract import assert_fails


class CountsThePage(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        matches = await super().select(selection)
        return replace(matches, total=len(matches.messages))


class CountsUnasked(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        return await super().select(replace(selection, with_total=True))


class CountsFromThePlace(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        matches = await super().select(selection)
        rest = await super().select(replace(selection, offset=0, limit=10**6))
        return replace(matches, total=len(rest.messages))


class ReversesTimesAlone(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        whole = await super().select(
            Selection(filter=selection.filter, limit=10**6, with_total=selection.with_total)
        )
        down = selection.order is Order.DESCENDING
        run = sorted(whole.messages, key=lambda stored: stored.message.ts, reverse=down)
        return replace(whole, messages=tuple(run[selection.offset :][: selection.limit]))


class SortsByUtf16(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        matches = await super().select(selection)
        run = sorted(matches.messages, key=lambda s: s.message.message_id.encode("utf-16-be"))
        return replace(matches, messages=tuple(run))


class SkipsTheTimeOfThePlace(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        if selection.after is None:
            return await super().select(selection)
        last = "\U0010ffff" if selection.order is Order.ASCENDING else " "
        after = Position(selection.after.ts, last)
        return await super().select(replace(selection, after=after))


class RepeatsTheMessageAtThePlace(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        if selection.after is None or selection.order is Order.DESCENDING:
            return await super().select(selection)
        before = Position(selection.after.ts, selection.after.message_id[:-1])
        return await super().select(replace(selection, after=before))


class HasNoLastPage(InMemoryMessageRepository):
    async def select(self, selection: Selection) -> Matches:
        return await super().select(replace(selection, after=None))


class FiltersOtherwise(InMemoryMessageRepository):
    def passes(self, query: MessageFilter, message: Message) -> bool:
        raise NotImplementedError

    async def select(self, selection: Selection) -> Matches:
        whole = await super().select(Selection(filter=MessageFilter(), limit=10**6))
        run = [s for s in whole.messages if self.passes(selection.filter, s.message)]
        return Matches(tuple(run), len(run))


class SearchesByLower(FiltersOtherwise):
    def passes(self, query: MessageFilter, message: Message) -> bool:
        return (query.q or "").lower() in (message.text or "").lower()


class SearchesWithWildcards(FiltersOtherwise):
    def passes(self, query: MessageFilter, message: Message) -> bool:
        q = (query.q or "").replace("%", "")
        return q.casefold() in (message.text or "").casefold()


class IncludesUntil(FiltersOtherwise):
    def passes(self, query: MessageFilter, message: Message) -> bool:
        return message.ts == query.until or query.matches(message)


class ExcludesSince(FiltersOtherwise):
    def passes(self, query: MessageFilter, message: Message) -> bool:
        return message.ts != query.since and query.matches(message)


class IgnoresTheRecipient(FiltersOtherwise):
    def passes(self, query: MessageFilter, message: Message) -> bool:
        return replace(query, recipient=None).matches(message)


class BreaksTiesDownwards(InMemoryMessageRepository):
    async def stats(self) -> Stats:
        stats = await super().stats()
        return replace(stats, messages_per_sender=stats.messages_per_sender[::-1])


class NamesElevenSenders(InMemoryMessageRepository):
    async def stats(self) -> Stats:
        stats = await super().stats()
        more = (*stats.messages_per_sender, SenderCount("+9999", 1))
        return replace(stats, messages_per_sender=more)


PLACE = "test_place_need_not_be_that_of_a_message"
PAGES = "test_pages_neither_skip_nor_repeat"
PAGES_OF_TWO = {"stored": [sample("a"), sample("ab"), sample("b")], "limit": 2}
SEARCH = "test_q_finds_what_holds_it_whatever_the_case"
UP, DOWN = {"order": Order.ASCENDING}, {"order": Order.DESCENDING}


CASES: list[tuple[type[InMemoryMessageRepository], str, dict[str, Any]]] = [
    (CountsThePage, "test_total_counts_all_that_match_wherever_the_run_begins", {}),
    (CountsThePage, "test_no_message_lies_beyond_the_end", {}),
    (CountsUnasked, "test_total_is_none_where_it_is_not_asked", {}),
    (CountsFromThePlace, PAGES, PAGES_OF_TWO | UP),
    (CountsFromThePlace, "test_offset_counts_from_the_place", UP),
    (ReversesTimesAlone, "test_limit_and_offset_cut_a_run_out_of_the_order", {}),
    (SortsByUtf16, "test_equal_times_come_in_the_order_of_code_points", {}),
    (SkipsTheTimeOfThePlace, PAGES, PAGES_OF_TWO | UP),
    (SkipsTheTimeOfThePlace, PAGES, PAGES_OF_TWO | DOWN),
    (SkipsTheTimeOfThePlace, PLACE, UP),
    (RepeatsTheMessageAtThePlace, "test_offset_counts_from_the_place", UP),
    (RepeatsTheMessageAtThePlace, PLACE, UP),
    (HasNoLastPage, PAGES, PAGES_OF_TWO | DOWN),
    (SearchesByLower, SEARCH, {"q": "ss", "found": ["ß"], "passed_over": []}),
    (SearchesWithWildcards, SEARCH, {"q": "%", "found": ["%"], "passed_over": ["a"]}),
    (IncludesUntil, "test_until_is_exclusive", {}),
    (IncludesUntil, "test_since_and_until_bound_a_half_open_span", {}),
    (ExcludesSince, "test_since_is_inclusive", {}),
    (IgnoresTheRecipient, "test_recipient_is_exact", {}),
    (IgnoresTheRecipient, "test_all_restrictions_must_hold", {}),
    (BreaksTiesDownwards, "test_ties_go_to_the_lower_number_and_only_ten_are_named", {}),
    (NamesElevenSenders, "test_ties_go_to_the_lower_number_and_only_ten_are_named", {}),
]


@pytest.mark.parametrize(("adapter", "name", "arguments"), CASES)
async def test_contract_finds_the_fault(
    adapter: type[InMemoryMessageRepository], name: str, arguments: dict[str, Any]
) -> None:
    await assert_fails(adapter, name, arguments)
