import pytest

from lyftr_core import (
    FaultCode,
    InMemoryMessageRepository,
    InvalidQuery,
    LogPage,
    LogRequest,
    LogRun,
    LogSelection,
    MessageFilter,
    ReadLog,
)
from lyftr_core.testing.strategies.samples import EVERYTHING, fill, sample
from lyftr_core.use_cases.follow import MAX_SEQ


def names(page: LogPage) -> list[str]:
    return [item.message.message_id for item in page.items]


def faults_of(**fields: int) -> list[tuple[str | None, FaultCode]]:
    with pytest.raises(InvalidQuery) as caught:
        LogRequest(**fields)
    return [(fault.field, fault.code) for fault in caught.value.faults]


async def test_page_says_behind_which_seq_the_next_one_begins() -> None:
    repository = InMemoryMessageRepository()
    await fill(repository, [sample(name) for name in "edcba"])
    read_log = ReadLog(repository)
    first = await read_log(EVERYTHING, LogRequest(limit=3))
    assert (names(first), first.limit, first.has_more) == (["e", "d", "c"], 3, True)
    second = await read_log(EVERYTHING, LogRequest(after=first.next_after, limit=3))
    assert (names(second), second.has_more) == (["b", "a"], False)
    assert second.next_after == second.items[-1].seq


async def test_next_page_begins_behind_what_was_looked_at_though_nothing_passed() -> None:
    class LooksAtTwo(InMemoryMessageRepository):
        async def read_log(self, selection: LogSelection) -> LogRun:
            horizon = selection.after + 2
            run = await super().read_log(selection)
            if run.through <= horizon:
                return run
            passing = tuple(stored for stored in run.messages if stored.seq <= horizon)
            return LogRun(messages=passing, through=horizon, has_more=True)

    repository = LooksAtTwo()
    await fill(repository, [sample("a", text="hay"), sample("b", text="hay"), sample("c")])
    page = await ReadLog(repository)(MessageFilter(q="hello"), LogRequest())
    assert (page.items, page.next_after, page.has_more) == ((), 2, True)
    page = await ReadLog(repository)(MessageFilter(q="hello"), LogRequest(after=2))
    assert (names(page), page.next_after, page.has_more) == (["c"], 3, False)


def test_request_asks_for_fifty_from_the_beginning_by_default() -> None:
    assert (LogRequest().after, LogRequest().limit) == (0, 50)


@pytest.mark.parametrize("after", [0, 1, MAX_SEQ])
@pytest.mark.parametrize("limit", [1, 100])
def test_ends_of_what_may_be_asked_are_taken(after: int, limit: int) -> None:
    assert LogRequest(after=after, limit=limit).after == after


def test_what_lies_beyond_is_refused_all_of_it_at_once() -> None:
    assert faults_of(after=-1) == [("after", FaultCode.OUT_OF_RANGE)]
    assert faults_of(after=MAX_SEQ + 1) == [("after", FaultCode.OUT_OF_RANGE)]
    assert faults_of(after=-1, limit=0) == [
        ("after", FaultCode.OUT_OF_RANGE),
        ("limit", FaultCode.OUT_OF_RANGE),
    ]
    assert faults_of(limit=101) == [("limit", FaultCode.OUT_OF_RANGE)]
