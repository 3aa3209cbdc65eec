"""That the contract fails where an adapter reads the log in one wrong way."""

from typing import Any

import pytest
from msgspec.structs import replace

from lyftr_core import InMemoryMessageRepository, LogRun, LogSelection, MessageFilter
from tests.unit.core.testing.contract import assert_fails


class SortsByTime(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        run = await super().read_log(selection)
        by_time = sorted(run.messages, key=lambda stored: stored.message.ts)
        return replace(run, messages=tuple(by_time))


class RepeatsTheFirst(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        return await super().read_log(replace(selection, after=max(selection.after - 1, 0)))


class SkipsTheFirst(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        return await super().read_log(replace(selection, after=selection.after + 1))


class StandsStillWhereNothingPasses(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        run = await super().read_log(selection)
        return run if run.messages else replace(run, through=selection.after)


class GoesBackBehindTheLast(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        run = await super().read_log(selection)
        return run if run.has_more else replace(run, through=await self.last_seq())


class SkipsWhatTheLimitCutsOff(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        run = await super().read_log(selection)
        return replace(run, through=max(run.through, await self.last_seq()), has_more=False)


class IsNeverAtItsEnd(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        return replace(await super().read_log(selection), has_more=True)


class FiltersNothing(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        return await super().read_log(replace(selection, filter=MessageFilter()))


class IgnoresTheLimit(InMemoryMessageRepository):
    async def read_log(self, selection: LogSelection) -> LogRun:
        return await super().read_log(replace(selection, limit=10**6))


class KnowsNoEnd(InMemoryMessageRepository):
    async def last_seq(self) -> int:
        return 0


class IsAheadOfItself(InMemoryMessageRepository):
    async def last_seq(self) -> int:
        return await super().last_seq() + 1


ORDER = "test_log_begins_at_0_and_comes_in_the_order_of_commit"
BEYOND = "test_nothing_follows_a_seq_beyond_the_last"
RUNS = "test_runs_neither_skip_nor_repeat_whatever_the_limit"
FILTER = "test_run_has_what_passes_the_filter_and_goes_on_past_what_does_not"

CASES: list[tuple[type[InMemoryMessageRepository], str, dict[str, Any]]] = [
    (SortsByTime, ORDER, {}),
    (RepeatsTheFirst, "test_run_begins_behind_the_message_it_is_asked_from", {}),
    (RepeatsTheFirst, RUNS, {"limit": 2}),
    (SkipsTheFirst, ORDER, {}),
    (SkipsTheFirst, RUNS, {"limit": 2}),
    (StandsStillWhereNothingPasses, FILTER, {}),
    (GoesBackBehindTheLast, BEYOND, {}),
    (SkipsWhatTheLimitCutsOff, RUNS, {"limit": 3}),
    (IsNeverAtItsEnd, RUNS, {"limit": 100}),
    (FiltersNothing, FILTER, {}),
    (FiltersNothing, "test_every_restriction_of_a_filter_holds", {}),
    (IgnoresTheLimit, RUNS, {"limit": 1}),
    (KnowsNoEnd, "test_message_is_in_the_log_as_soon_as_its_add_returns", {}),
    (IsAheadOfItself, "test_empty_log_has_no_messages_and_no_more", {}),
]


@pytest.mark.parametrize(("adapter", "name", "arguments"), CASES)
async def test_contract_finds_the_fault(
    adapter: type[InMemoryMessageRepository], name: str, arguments: dict[str, Any]
) -> None:
    await assert_fails(adapter, name, arguments)
