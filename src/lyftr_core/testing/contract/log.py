"""The contract of `MessageReader.read_log` and `MessageReader.last_seq`: the order of commit."""

import asyncio
from datetime import timedelta

import pytest

from lyftr_core.message import AddOutcome
from lyftr_core.ports import MessageReader
from lyftr_core.selection import LogRun, LogSelection, MessageFilter
from lyftr_core.testing.opening import Opening, follow_log
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import (
    EVERYTHING,
    NOON,
    fill,
    get,
    one_that_passes,
    sample,
)

__all__ = ["LogContract"]

_LARGEST_SEQ = 2**63 - 1
_AT_ONCE = 100


class LogContract(Opening):
    """Whoever follows the log gets each message once, in the order of commit."""

    async def test_empty_log_has_no_messages_and_no_more(self) -> None:
        async with self.open_repository() as (_, reader):
            assert await reader.last_seq() == 0
            for after in (0, 7, _LARGEST_SEQ):
                run = await _read(reader, after)
                assert run == LogRun(messages=(), through=after, has_more=False)

    async def test_log_begins_at_0_and_comes_in_the_order_of_commit(self) -> None:
        times = {"c": NOON, "a": LATEST, "d": EARLIEST, "b": NOON - timedelta(hours=1)}
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(name, ts=ts) for name, ts in times.items()])
            run = await _read(reader, 0)
            assert _ids(run) == ["c", "a", "d", "b"]
            assert run.messages == tuple([await get(reader, name) for name in "cadb"])
            assert run.messages[0].seq > 0
            assert not run.has_more
            assert run.through == run.messages[-1].seq == await reader.last_seq()

    async def test_run_begins_behind_the_message_it_is_asked_from(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, "abc"))
            for count, name in enumerate("abc", start=1):
                run = await _read(reader, (await get(reader, name)).seq)
                assert _ids(run) == list("abc"[count:])

    async def test_nothing_follows_a_seq_beyond_the_last(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, "abc"))
            for after in (await reader.last_seq(), await reader.last_seq() + 1, _LARGEST_SEQ):
                run = await _read(reader, after)
                assert run == LogRun(messages=(), through=after, has_more=False)

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
    async def test_runs_neither_skip_nor_repeat_whatever_the_limit(self, limit: int) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, "gfabcde"))
            runs = [run async for run in follow_log(reader, EVERYTHING, limit=limit)]
            assert "".join(name for run in runs for name in _ids(run)) == "gfabcde"
            assert max(len(run.messages) for run in runs) <= limit

    async def test_run_has_what_passes_the_filter_and_goes_on_past_what_does_not(self) -> None:
        numbers = ["+12", "+13", "+13", "+12", "+12", "+13"]
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(f"m{n}", sender=s) for n, s in enumerate(numbers)])
            for sender, expected in (("+12", "m0 m3 m4"), ("+13", "m1 m2 m5"), ("+14", "")):
                for limit in (1, 2, 100):
                    query = MessageFilter(sender=sender)
                    runs = [run async for run in follow_log(reader, query, limit=limit)]
                    assert " ".join(name for run in runs for name in _ids(run)) == expected
                    assert runs[-1].through == await reader.last_seq()

    async def test_every_restriction_of_a_filter_holds(self) -> None:
        query, right, wrong = one_that_passes()
        async with self.open_repository() as (writer, reader):
            await fill(writer, [*wrong[:3], right, *wrong[3:]])
            runs = [run async for run in follow_log(reader, query, limit=10)]
            assert [name for run in runs for name in _ids(run)] == ["right"]

    async def test_redeliveries_and_conflicts_add_nothing_to_the_log(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, map(sample, "ab"))
            before, last = await _read(reader, 0), await reader.last_seq()
            for message in (sample("a"), sample("a", text="other"), sample("b")):
                outcome = await writer.add(message, received_at=NOON)
                assert outcome is not AddOutcome.CREATED
            assert await _read(reader, 0) == before
            assert await reader.last_seq() == last

    async def test_message_is_in_the_log_as_soon_as_its_add_returns(self) -> None:
        async with self.open_repository() as (writer, reader):

            async def add_and_see(name: str) -> None:
                before = await reader.last_seq()
                await fill(writer, [sample(name)])
                runs = [run async for run in follow_log(reader, EVERYTHING, after=before, limit=7)]
                assert name in [found for run in runs for found in _ids(run)]
                assert await reader.last_seq() > before

            await asyncio.gather(*(add_and_see(f"m{count}") for count in range(20)))

    async def test_who_follows_while_messages_come_misses_none_and_gets_none_twice(self) -> None:
        async with self.open_repository() as (writer, reader):

            async def follow(limit: int) -> list[str]:
                names: list[str] = []
                after = 0
                while len(names) < _AT_ONCE:
                    run = await _read(reader, after, limit)
                    names += _ids(run)
                    after = run.through
                    await asyncio.sleep(0)
                return names

            *followed, _ = await asyncio.gather(
                *(follow(limit) for limit in (1, 3, 1_000)),
                asyncio.gather(*(fill(writer, [sample(f"m{n}")]) for n in range(_AT_ONCE))),
            )
            expected = _ids(await _read(reader, 0))
            assert sorted(expected) == sorted(f"m{n}" for n in range(_AT_ONCE))
            assert followed == [expected] * 3


async def _read(reader: MessageReader, after: int, limit: int = 1_000) -> LogRun:
    return await reader.read_log(LogSelection(filter=EVERYTHING, after=after, limit=limit))


def _ids(run: LogRun) -> list[str]:
    return [stored.message.message_id for stored in run.messages]
