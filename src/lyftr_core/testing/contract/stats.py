"""The contract of `MessageReader.stats`."""

from datetime import timedelta

from lyftr_core.message import AddOutcome
from lyftr_core.selection import HourCount, SenderCount, Stats
from lyftr_core.testing.opening import Opening
from lyftr_core.testing.strategies.fields import EARLIEST, LATEST
from lyftr_core.testing.strategies.samples import NOON, fill, sample

__all__ = ["StatsContract"]

_HOUR = timedelta(hours=1)


class StatsContract(Opening):
    """The figures over all messages."""

    async def test_empty_repository_has_figures_of_nothing(self) -> None:
        async with self.open_repository() as (_, reader):
            assert await reader.stats() == Stats(
                total_messages=0,
                senders_count=0,
                messages_per_sender=(),
                first_message_ts=None,
                last_message_ts=None,
                messages_per_hour=(),
            )

    async def test_figures_cover_every_message(self) -> None:
        first, last = NOON - timedelta(microseconds=1), NOON + timedelta(microseconds=1)
        async with self.open_repository() as (writer, reader):
            await fill(
                writer,
                [
                    sample("a", sender="+12"),
                    sample("b", sender="+11", recipient="+12", ts=last),
                    sample("c", sender="+12", ts=first),
                ],
            )
            assert await reader.stats() == Stats(
                total_messages=3,
                senders_count=2,
                messages_per_sender=(SenderCount("+12", 2), SenderCount("+11", 1)),
                first_message_ts=first,
                last_message_ts=last,
                messages_per_hour=tuple(
                    HourCount(NOON - timedelta(hours=n), {1: 1, 0: 2}.get(n, 0))
                    for n in range(23, -1, -1)
                ),
            )

    async def test_ties_go_to_the_lower_number_and_only_ten_are_named(self) -> None:
        # As text, which is what phone numbers are: "+1000" comes before "+11".
        numbers = ["+1000", "+1001", *(f"+1{digit}" for digit in range(1, 10)), "+20"]
        busy = "+99"
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample(f"from {n}", sender=n) for n in reversed(numbers)])
            await fill(writer, [sample(f"busy {count}", sender=busy) for count in range(2)])
            stats = await reader.stats()
            expected = [SenderCount(busy, 2), *(SenderCount(n, 1) for n in numbers[:9])]
            assert list(stats.messages_per_sender) == expected
            assert (stats.senders_count, stats.total_messages) == (13, 14)

    async def test_first_and_last_reach_the_ends_of_time(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample("b", ts=EARLIEST), sample("a", ts=LATEST)])
            stats = await reader.stats()
            assert (stats.first_message_ts, stats.last_message_ts) == (EARLIEST, LATEST)

    async def test_hours_are_the_last_24_that_there_are(self) -> None:
        """The messages of an hour count there, those of older hours nowhere."""
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample("a", ts=EARLIEST), sample("b", ts=EARLIEST + 2 * _HOUR)])
            hours = (await reader.stats()).messages_per_hour
            assert [(h.hour, h.count) for h in hours] == [
                (EARLIEST, 1),
                (EARLIEST + _HOUR, 0),
                (EARLIEST + 2 * _HOUR, 1),
            ]
            await fill(writer, [sample("c", ts=EARLIEST + 24 * _HOUR)])
            hours = (await reader.stats()).messages_per_hour
            assert len(hours) == 24
            assert [h.count for h in hours if h.count] == [1, 1]
            assert hours[0].hour == EARLIEST + _HOUR

    async def test_refused_messages_count_for_nothing(self) -> None:
        async with self.open_repository() as (writer, reader):
            await fill(writer, [sample()])
            before = await reader.stats()
            other = sample(sender="+99", ts=LATEST)
            assert await writer.add(sample(), received_at=NOON) is AddOutcome.DUPLICATE
            assert await writer.add(other, received_at=NOON) is AddOutcome.CONFLICT
            assert await reader.stats() == before
